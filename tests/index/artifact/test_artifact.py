import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mapped import lies_in

from index.artifact.directory import Artifact, ArtifactWriter
from index.artifact.manifest import MANIFEST_NAME, Data, Manifest
from index.errors import ArtifactCorrupt, ArtifactError, ArtifactUnsupported, RegistryError

PROJECT = Path(__file__).parents[3]
VERSION = "20261124-061512"
FILES = ["counts.npy", "inputs.npy", "vocabulary.json", "similar.faiss", MANIFEST_NAME]


def manifest(version: str = VERSION) -> Manifest:
    return Manifest(
        version=version,
        created=datetime(2026, 11, 24, 6, 15, 12, tzinfo=UTC),
        config={},
        recommender={},
        seed=1,
        libraries={},
        data=Data(fingerprint="ab12", events=10, sessions=3, items=4, tokens=9),
        trained_on="all",
        index={},
        metrics={},
        timings={},
    )


def publish(root: Path, version: str = VERSION) -> Path:
    with ArtifactWriter(root, version) as writer:
        writer.array("counts", np.arange(4, dtype=np.int64))
        writer.array("inputs", np.ones((4, 8), dtype=np.float32))
        writer.json("vocabulary", {"ids": ["a", "b", "é", "\ud800"]})
        writer.path("similar.faiss").write_bytes(bytes(range(256)) * 3)
        return writer.commit(manifest(version))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return publish(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One artifact for the property tests, which put back every byte they change."""
    return publish(tmp_path_factory.mktemp("versions"))


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.name != ".lock")


# -- writing


def test_everything_written_comes_back(published: Path) -> None:
    artifact = Artifact.open(published)
    assert artifact.manifest.version == VERSION
    assert artifact.array("counts").tolist() == [0, 1, 2, 3]
    assert artifact.array("inputs").dtype == np.float32
    assert artifact.json("vocabulary") == {"ids": ["a", "b", "é", "\ud800"]}
    assert artifact.path("similar.faiss").read_bytes()[:3] == b"\x00\x01\x02"
    assert artifact.has("similar.faiss")
    assert not artifact.has("next.faiss")


def test_the_manifest_lists_every_file_with_its_size_and_nothing_else_is_published(published: Path) -> None:
    files = Artifact.open(published).manifest.files
    assert {name: entry.bytes for name, entry in files.items()} == {
        path.name: path.stat().st_size for path in published.iterdir() if path.name != MANIFEST_NAME
    }
    assert names(published) == sorted(FILES)
    assert names(published.parent) == [VERSION]


def test_arrays_are_mapped_read_only_unless_asked_otherwise(published: Path) -> None:
    artifact = Artifact.open(published)
    mapped, copied = artifact.array("inputs"), artifact.array("inputs", mmap=False)
    assert lies_in(mapped, artifact.path("inputs.npy"))
    assert not mapped.flags.writeable
    assert not lies_in(copied, artifact.path("inputs.npy"))
    assert copied.flags.writeable


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 8), dtype=np.float32),
        np.array([(7, 3, 1, 0)], dtype=[("key", "<u8"), ("position", "<i4"), ("task", "u1"), ("rank", "<i4")]),
        np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)),
    ],
    ids=["empty", "structured", "fortran"],
)
def test_arrays_of_every_kind_come_back(tmp_path: Path, array: Any) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer:
        writer.array("kept", array)
        artifact = Artifact.open(writer.commit(manifest()))
    for mmap in (True, False):
        assert artifact.array("kept", mmap).dtype == array.dtype
        assert np.array_equal(artifact.array("kept", mmap), array)


def test_content_that_needs_pickle_or_is_not_json_is_refused(tmp_path: Path) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer:
        with pytest.raises(ValueError, match="allow_pickle"):
            writer.array("objects", np.array([{}], dtype=object))
        with pytest.raises(ValueError, match=r"figures\.json"):
            writer.json("figures", {"mrr": float("nan")})
        with pytest.raises(ValueError, match=r"rows\.json"):
            writer.json("rows", {"row": np.int32(1)})


@pytest.mark.parametrize("name", ["../x.npy", "a/b", "/x", ".lock", "", MANIFEST_NAME])
def test_a_writer_refuses_names_outside_its_directory(tmp_path: Path, name: str) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer, pytest.raises(ValueError, match="cannot be the name"):
        writer.path(name)


def test_a_name_written_twice_is_refused(tmp_path: Path) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer:
        writer.array("counts", np.arange(2))
        with pytest.raises(ValueError, match="already written"):
            writer.array("counts", np.arange(3))


def test_a_promised_file_that_was_never_written_is_not_published(tmp_path: Path) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer:
        writer.path("similar.faiss")
        with pytest.raises(ArtifactError, match=r"similar\.faiss was never written"):
            writer.commit(manifest())
    assert names(tmp_path) == []


def test_a_manifest_of_another_version_is_refused(tmp_path: Path) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer, pytest.raises(ValueError, match="the writer"):
        writer.commit(manifest("20261124-061513"))


def test_a_writer_that_was_left_is_closed(tmp_path: Path) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer:
        writer.commit(manifest())
        with pytest.raises(ValueError, match="not open"):
            writer.array("late", np.arange(2))
    with pytest.raises(ValueError, match="not open"):
        writer.commit(manifest())


def test_a_writer_abandoned_without_commit_leaves_nothing(tmp_path: Path) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer:
        writer.array("counts", np.arange(2))
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == []


def test_a_writer_abandoned_by_an_error_leaves_nothing_and_passes_the_error_on(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ArtifactWriter(tmp_path, VERSION) as writer:
        writer.array("counts", np.arange(2) // (1 // 0))
    assert names(tmp_path) == []


def test_a_published_version_is_never_overwritten(published: Path) -> None:
    before = {path.name: path.read_bytes() for path in published.iterdir()}
    with pytest.raises(RegistryError, match="never overwritten"):
        publish(published.parent)
    assert {path.name: path.read_bytes() for path in published.iterdir()} == before


def test_a_directory_that_appears_while_writing_is_not_overwritten_even_when_empty(tmp_path: Path) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer:
        (tmp_path / VERSION).mkdir()
        with pytest.raises(RegistryError, match="never overwritten"):
            writer.commit(manifest())
    assert names(tmp_path) == [VERSION]
    assert names(tmp_path / VERSION) == []


def test_two_writers_of_one_version_are_refused_at_the_start(tmp_path: Path) -> None:
    with ArtifactWriter(tmp_path, VERSION) as writer:
        with pytest.raises(RegistryError, match="is being written"), ArtifactWriter(tmp_path, VERSION):
            pass
        assert writer.commit(manifest()).name == VERSION


def test_a_root_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ArtifactError, match="versions cannot be written: "),
        ArtifactWriter(tmp_path / "file" / "versions", VERSION),
    ):
        pass


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from index.artifact.directory import ArtifactWriter
with ArtifactWriter(Path(sys.argv[1]), sys.argv[2]) as writer:
    writer.array("counts", np.arange(1000))
    with writer.path("similar.faiss").open("wb") as file:
        while True:
            file.write(bytes(4096))
            print("writing", flush=True)
            time.sleep(0.01)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A root where a process was killed while it wrote VERSION."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), VERSION], cwd=PROJECT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        process.kill()
    return tmp_path


def test_a_killed_writer_publishes_nothing_and_does_not_block_the_next(killed: Path) -> None:
    (left,) = names(killed)
    assert left.startswith(f".writing-{VERSION}.")
    with pytest.raises(ArtifactCorrupt, match=r"manifest\.json is missing"):
        Artifact.open(killed / left)
    assert Artifact.open(publish(killed)).manifest.version == VERSION


# -- reading


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_with_its_name(published: Path, name: str) -> None:
    (published / name).unlink()
    with pytest.raises(ArtifactCorrupt, match=f"{name} is missing"):
        Artifact.open(published, verify=False)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_a_flipped_bit_anywhere_is_refused_with_the_file_name(shared: Path, name: str, data: st.DataObject) -> None:
    path = shared / name
    good = path.read_bytes()
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(good) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bad)
    try:
        with pytest.raises((ArtifactCorrupt, ArtifactUnsupported), match=name):
            Artifact.open(shared)
    finally:
        path.write_bytes(good)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_a_torn_or_grown_file_is_refused_with_its_name_even_unhashed(
    shared: Path, name: str, data: st.DataObject
) -> None:
    path = shared / name
    good = path.read_bytes()
    path.write_bytes(data.draw(st.integers(0, len(good) - 1).map(lambda n: good[:n]) | st.just(good + b"\n")))
    try:
        with pytest.raises(ArtifactCorrupt, match=name):
            Artifact.open(shared, verify=False)
    finally:
        path.write_bytes(good)


def test_the_message_gives_both_sizes(published: Path) -> None:
    (published / "similar.faiss").write_bytes(b"short")
    with pytest.raises(ArtifactCorrupt, match=r"similar\.faiss has 5 bytes, the manifest says 768; restore"):
        Artifact.open(published)


def test_a_link_in_place_of_a_file_is_refused(published: Path, tmp_path: Path) -> None:
    path = published / "similar.faiss"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactCorrupt, match=r"similar\.faiss is not a regular file"):
        Artifact.open(published)


def test_files_the_manifest_does_not_list_are_ignored(published: Path) -> None:
    (published / "notes.txt").write_text("mine")
    artifact = Artifact.open(published)
    assert not artifact.has("notes.txt")
    with pytest.raises(ArtifactCorrupt, match=r"notes\.txt is missing"):
        artifact.path("notes.txt")


def test_a_directory_that_is_not_an_artifact_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ArtifactCorrupt, match=r"manifest\.json is missing"):
            Artifact.open(path)


def test_a_newer_schema_is_unsupported(published: Path) -> None:
    (published / MANIFEST_NAME).write_bytes(manifest().model_copy(update={"schema_version": 2}).to_json())
    with pytest.raises(ArtifactUnsupported, match=rf"{VERSION}/manifest\.json has schema 2"):
        Artifact.open(published)


def test_altered_content_of_the_right_size_is_refused_when_read_even_unhashed(published: Path) -> None:
    for name in ("counts.npy", "vocabulary.json"):
        (published / name).write_bytes(b"x" * (published / name).stat().st_size)
    artifact = Artifact.open(published, verify=False)
    for mmap in (True, False):
        with pytest.raises(ArtifactCorrupt, match=r"counts\.npy cannot be read as an array"):
            artifact.array("counts", mmap)
    with pytest.raises(ArtifactCorrupt, match=r"vocabulary\.json cannot be read as JSON"):
        artifact.json("vocabulary")


def test_a_file_that_is_written_to_after_it_was_opened_is_looked_at_again(published):
    artifact = Artifact.open(published)
    file, before = published / "inputs.npy", dict(artifact.stamps)
    artifact.check()
    assert artifact.stamps == before
    os.utime(file)  # another time, the same content
    artifact.check()
    assert artifact.stamps != before
    whole = file.read_bytes()
    with file.open("r+b") as open_file:
        open_file.write(bytes(16))
    with pytest.raises(ArtifactCorrupt, match="altered"):
        artifact.check()
    file.write_bytes(whole)
    artifact.check()
    os.truncate(file, 100)
    with pytest.raises(ArtifactCorrupt, match="has 100 bytes"):
        artifact.check()


def test_a_file_that_is_gone_or_replaced_is_still_there_for_whoever_mapped_it(published):
    artifact = Artifact.open(published)
    other = published / "other"
    other.write_bytes(b"another")
    os.replace(other, published / "inputs.npy")
    artifact.check()
    (published / "inputs.npy").unlink()
    artifact.check()
