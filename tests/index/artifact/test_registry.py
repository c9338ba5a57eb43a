import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.artifact import directory
from index.artifact.directory import Artifact
from index.artifact.files import digest
from index.artifact.manifest import Data, Manifest
from index.artifact.registry import Registry
from index.errors import ArtifactCorrupt, ArtifactUnsupported, NoModel, RegistryError

PROJECT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 24, 6, 15, 12, tzinfo=UTC)
A, B, C, D = "20261121-000000", "20261122-000000", "20261123-000000", "20261124-000000"


def publish(registry: Registry, *versions: str) -> None:
    for version in versions:
        with registry.writer(version) as writer:
            writer.array("counts", np.arange(4, dtype=np.int64))
            writer.commit(
                Manifest(
                    version=version,
                    created=NOW,
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
            )


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


@pytest.fixture
def served(registry: Registry) -> Registry:
    """A, B, C and D, activated in this order."""
    publish(registry, A, B, C, D)
    for version in (A, B, C, D):
        registry.activate(version)
    return registry


def damage(registry: Registry, version: str) -> None:
    path = registry.root / "versions" / version / "counts.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")


def left_over(registry: Registry) -> list[str]:
    return sorted(name for name in os.listdir(registry.root / "versions") if name.startswith((".w", ".r")))


# -- versions


def test_a_version_is_named_by_the_second_in_utc(registry: Registry) -> None:
    assert registry.new_version(NOW) == "20261124-061512"
    assert registry.new_version(NOW.astimezone(timezone(timedelta(hours=-9)))) == "20261124-061512"
    with pytest.raises(ValueError, match="timezone"):
        registry.new_version(NOW.replace(tzinfo=None))


def test_a_taken_name_gets_a_number_and_a_name_being_written_is_taken(registry: Registry) -> None:
    publish(registry, "20261124-061512")
    assert registry.new_version(NOW) == "20261124-061512-2"
    with registry.writer("20261124-061512-2"):
        assert registry.new_version(NOW) == "20261124-061512-3"
    assert registry.new_version(NOW) == "20261124-061512-2"


def test_a_version_made_later_sorts_later_whatever_the_clock_says(registry: Registry) -> None:
    second, made = f"{NOW:%Y%m%d-%H%M%S}", []
    for hours in (0, -2, 0, -30, 1, -1):
        made.append(registry.new_version(NOW + timedelta(hours=hours)))
        publish(registry, made[-1])
    later = f"{NOW + timedelta(hours=1):%Y%m%d-%H%M%S}"
    assert made == [second, f"{second}-2", f"{second}-3", f"{second}-4", later, f"{later}-2"]
    assert registry.versions() == made


def test_a_name_that_was_given_is_not_given_again(served: Registry) -> None:
    """A rollback would take the new version for the one that served before."""
    served.rollback()
    served.activate(B)
    for version in (C, D):
        shutil.rmtree(served.root / "versions" / version)
    assert served.new_version(datetime(2026, 11, 22, tzinfo=UTC)) == f"{C}-2"
    with served.writer(D):
        assert served.new_version(datetime(2026, 11, 22, tzinfo=UTC)) == f"{D}-2"


def test_a_damaged_pointer_does_not_stop_the_naming(served: Registry) -> None:
    (served.root / "current.json").write_text("{")
    assert served.new_version(datetime(2026, 11, 22, tzinfo=UTC)) == f"{D}-2"


def test_versions_are_listed_oldest_first_whatever_order_they_came_in(registry: Registry) -> None:
    names = ["20261124-061512-10", "20261124-061512", "20261125-000000", "20261124-061512-9"]
    publish(registry, *names)
    assert registry.versions() == ["20261124-061512", "20261124-061512-9", "20261124-061512-10", "20261125-000000"]
    assert [manifest.version for manifest in registry.manifests()] == registry.versions()


def test_what_is_not_a_complete_version_is_not_listed(registry: Registry) -> None:
    publish(registry, A)
    (registry.root / "versions" / B).mkdir()
    (registry.root / "versions" / "notes").mkdir()
    with registry.writer(C) as writer:
        writer.array("counts", np.arange(3))
        assert registry.versions() == [A]


def test_a_damaged_manifest_is_left_out_of_the_manifests(registry: Registry, caplog: pytest.LogCaptureFixture) -> None:
    publish(registry, A, B)
    (registry.root / "versions" / A / "manifest.json").write_text('{"schema_version": 1,')
    assert [manifest.version for manifest in registry.manifests()] == [B]
    assert A in caplog.text


def test_looking_at_an_empty_registry_creates_nothing(registry: Registry) -> None:
    assert registry.versions() == []
    assert registry.manifests() == []
    assert registry.current() is None
    assert registry.prune(1) == []
    assert registry.sweep() == []
    for step in (registry.open, registry.rollback, lambda: registry.activate(A)):
        with pytest.raises(NoModel, match="item2vec train"):
            step()
    assert not registry.root.exists()


def test_a_published_but_not_activated_version_is_named_as_the_next_step(registry: Registry) -> None:
    publish(registry, A)
    with pytest.raises(NoModel, match=f"item2vec models activate {A} --models .*models"):
        registry.open()
    with pytest.raises(NoModel):
        registry.rollback()


def test_open_gives_the_current_version_or_the_one_named(served: Registry) -> None:
    assert served.open().manifest.version == D
    assert served.open(B).array("counts").tolist() == [0, 1, 2, 3]


def test_an_unknown_version_is_refused_with_some_that_are_known(served: Registry) -> None:
    for step in (served.open, served.activate):
        with pytest.raises(RegistryError, match=f"no version 20270101-000000;.*: {D}, {C}, {B}, {A}"):
            step("20270101-000000")


def test_a_version_that_smuggles_a_path_is_refused(served: Registry) -> None:
    for version in ("../x", f"../versions/{A}", f"{A}/../{A}", f"{A}/", f"/{A}", ".", "", f"{A}\n", "current"):
        for step in (served.open, served.activate, served.writer):
            with pytest.raises(RegistryError, match="is not a version"):
                step(version)
    assert served.current() == D


def test_a_renamed_version_is_refused(registry: Registry) -> None:
    publish(registry, A)
    shutil.copytree(registry.root / "versions" / A, registry.root / "versions" / B)
    with pytest.raises(ArtifactCorrupt, match=f"says version {A}: the folder was renamed"):
        registry.open(B)


# -- which one serves


def test_activating_checks_the_version_and_changes_nothing_when_it_is_damaged(registry: Registry) -> None:
    publish(registry, A, B)
    registry.activate(A)
    damage(registry, B)
    with pytest.raises(ArtifactCorrupt, match=r"counts\.npy"):
        registry.activate(B)
    assert registry.current() == A


def test_a_version_is_activated_only_instead_of_the_one_that_still_serves(registry: Registry) -> None:
    publish(registry, A, B, C)
    assert registry.activate(A, instead_of=None)
    assert not registry.activate(B, instead_of=None)
    assert registry.activate(B, instead_of=A)
    registry.activate(C)  # somebody's own choice
    assert not registry.activate(A, instead_of=B)
    assert registry.current() == C
    assert [registry.rollback() for _ in range(2)] == [B, A]


def test_activating_instead_of_another_may_be_repeated(registry: Registry) -> None:
    publish(registry, A, B)
    registry.activate(A)
    assert all(registry.activate(B, instead_of=A) for _ in range(2))
    assert registry.rollback() == A
    with pytest.raises(RegistryError, match=f"no version before {A}"):
        registry.rollback()


def test_of_many_that_activate_instead_of_the_same_version_one_succeeds(registry: Registry) -> None:
    publish(registry, A, B, C, D)
    registry.activate(A)
    with ThreadPoolExecutor(3) as pool:
        won = list(pool.map(lambda version: registry.activate(version, instead_of=A), (B, C, D)))
    assert sorted(won) == [False, False, True]
    assert registry.current() == (B, C, D)[won.index(True)]


def test_each_rollback_goes_further_back_until_nothing_is_left(served: Registry) -> None:
    assert [served.rollback() for _ in range(3)] == [C, B, A]
    assert served.current() == A
    with pytest.raises(RegistryError, match=f"no version before {A}"):
        served.rollback()
    assert served.current() == A


def test_a_version_activated_after_a_rollback_goes_back_to_the_one_rolled_back_to(served: Registry) -> None:
    served.rollback()
    served.rollback()
    served.activate(D)
    assert served.rollback() == B


def test_activating_the_current_version_again_does_not_lengthen_the_history(served: Registry) -> None:
    served.activate(D)
    assert served.rollback() == C


def test_rollback_skips_versions_that_are_gone(served: Registry) -> None:
    for version in (C, D):
        shutil.rmtree(served.root / "versions" / version)
    with pytest.raises(RegistryError, match=f"no version {D}"):
        served.open()
    assert served.rollback() == B


def test_rollback_never_goes_to_the_version_that_already_serves(registry: Registry) -> None:
    publish(registry, A, B)
    for version in (A, B, A):
        registry.activate(version)
    shutil.rmtree(registry.root / "versions" / B)
    with pytest.raises(RegistryError, match=f"no version before {A}"):
        registry.rollback()


def test_rollback_to_a_damaged_version_is_refused_and_changes_nothing(served: Registry) -> None:
    damage(served, C)
    with pytest.raises(ArtifactCorrupt, match=r"counts\.npy.*activate another"):
        served.rollback()
    assert served.current() == D


def test_a_damaged_current_names_the_way_out_and_that_way_works(served: Registry) -> None:
    way_out = r"current\.json is damaged.*item2vec models activate VERSION --models .*models"
    for content in (b"", b'{"version": "2026', b"[]", b'{"version": "../x"}', b"\xff\xfe"):
        (served.root / "current.json").write_bytes(content)
        compared = partial(served.activate, D, instead_of=D)
        for step in (served.current, served.open, served.rollback, lambda: served.prune(1), compared):
            with pytest.raises(ArtifactCorrupt, match=way_out):
                step()
        assert served.versions() == [A, B, C, D]
        served.activate(C)
        assert served.open().manifest.version == C


def test_a_current_of_a_newer_schema_is_unsupported_and_is_not_replaced(served: Registry) -> None:
    newer = f'{{"schema_version": 2, "version": "{D}"}}'
    (served.root / "current.json").write_text(newer)
    with pytest.raises(ArtifactUnsupported, match=r"current\.json has schema 2"):
        served.current()
    with pytest.raises(ArtifactUnsupported):
        served.activate(A)
    assert (served.root / "current.json").read_text() == newer


# -- removing


def test_prune_keeps_the_newest_the_current_and_the_one_before_it(served: Registry) -> None:
    served.activate(B)
    served.activate(A)
    assert served.prune(1) == [C]
    assert served.versions() == [A, B, D]
    assert served.rollback() == B
    assert served.prune(0) == [A]
    assert served.versions() == [B, D]
    assert left_over(served) == []


def test_prune_removes_nothing_when_there_are_no_more_than_it_keeps(served: Registry) -> None:
    assert served.prune(4) == []
    assert served.prune(400) == []
    with pytest.raises(ValueError, match="negative"):
        served.prune(-1)


def test_a_reader_keeps_a_version_that_is_pruned_under_it(served: Registry) -> None:
    counts = served.open(A).array("counts")
    assert served.prune(0) == [A, B]
    assert counts.tolist() == [0, 1, 2, 3]


def test_sweep_removes_what_a_killed_prune_left_and_no_version(served: Registry) -> None:
    (served.root / "versions" / A).rename(served.root / "versions" / f".removing-{A}.1.ab")
    assert served.versions() == [B, C, D]
    assert served.sweep() == [f".removing-{A}.1.ab"]
    assert left_over(served) == []
    assert served.versions() == [B, C, D]


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.sampled_from([("activate", n) for n in range(4)] + [("rollback", 0)] * 3 + [("prune", n) for n in range(3)]),
        max_size=12,
    )
)
def test_whatever_the_order_of_steps_the_current_opens_and_the_way_back_is_kept(steps: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        registry = Registry(Path(folder))
        publish(registry, A, B, C, D)
        registry.activate(D)
        path = [D]
        for step, n in steps:
            alive = registry.versions()
            back = [version for version in path[:-1] if version in alive and version != path[-1]]
            if step == "activate" and (A, B, C, D)[n] in alive:
                registry.activate((A, B, C, D)[n])
                path += [(A, B, C, D)[n]] if path[-1] != (A, B, C, D)[n] else []
            elif step == "rollback" and back:
                assert registry.rollback() == back[-1]
                path = path[: len(path) - 1 - path[-2::-1].index(back[-1])]
            elif step == "prune":
                removed = registry.prune(n)
                assert not set(removed) & {path[-1], *back[-1:], *alive[len(alive) - n :]}
            assert registry.open().manifest.version == path[-1]


# -- several processes


@contextmanager
def python(code: str, root: Path, *versions: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs `code`, killed with SIGKILL at the end of the block if it still runs."""
    code = f"import sys\nfrom pathlib import Path\nfrom index.artifact.registry import Registry\n{code}"
    command = [sys.executable, "-c", code, str(root), *versions]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


WRITE_FOR_EVER = """
registry = Registry(Path(sys.argv[1]))
with registry.writer(sys.argv[2]) as writer, writer.path("similar.faiss").open("wb") as file:
    while True:
        file.write(bytes(4096))
        print("writing", flush=True)
"""


def test_sweep_leaves_a_living_writer_alone_and_removes_it_once_it_is_killed(registry: Registry) -> None:
    publish(registry, A)
    with python(WRITE_FOR_EVER, registry.root, B) as process:
        assert line(process) == b"writing\n"
        assert registry.sweep() == []
        (left,) = left_over(registry)
        assert registry.versions() == [A]
    assert left_over(registry) == [left]
    assert registry.versions() == [A]
    assert registry.new_version(datetime(2026, 11, 22, tzinfo=UTC)) == f"{B}-2"
    assert registry.sweep() == [left]
    assert left_over(registry) == []


def test_sweep_does_not_take_a_process_id_given_out_again_for_the_writer(registry: Registry) -> None:
    publish(registry, A)
    left = registry.root / "versions" / f".writing-{B}.{os.getpid()}.ab"
    left.mkdir()
    (left / ".lock").touch()
    assert registry.sweep() == [left.name]


ACTIVATE_FOR_EVER = """
registry = Registry(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for version in sys.argv[2:]:
        registry.activate(version)
"""


def test_current_is_never_torn_while_another_process_activates(registry: Registry) -> None:
    publish(registry, A, B)
    registry.activate(A)
    with python(ACTIVATE_FOR_EVER, registry.root, A, B) as process:
        assert line(process) == b"ready\n"
        seen, reads, end = set(), 0, time.monotonic() + 20
        while (reads < 500 or seen != {A, B}) and time.monotonic() < end:
            seen.add(registry.current())
            assert registry.open().manifest.version in (A, B)
            reads += 1
    assert seen == {A, B}
    assert registry.current() in (A, B)
    registry.activate(A)
    assert registry.current() == A


ACTIVATE_EACH = """
registry = Registry(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for version in sys.argv[2:]:
    registry.activate(version)
"""


def test_two_processes_activating_at_once_lose_no_history(registry: Registry) -> None:
    versions = [f"20261124-0000{n:02}" for n in range(12)]
    publish(registry, *versions)
    with (
        python(ACTIVATE_EACH, registry.root, *versions[::2]) as one,
        python(ACTIVATE_EACH, registry.root, *versions[1::2]) as two,
    ):
        for process in (one, two):
            assert line(process) == b"ready\n"
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        assert (one.wait(20), two.wait(20)) == (0, 0)
    served = [registry.current()]
    while len(served) < len(versions):
        served.append(registry.rollback())
    assert sorted(map(str, served)) == versions


def test_the_registry_writes_where_the_layout_says(served: Registry) -> None:
    assert sorted(path.name for path in served.root.iterdir()) == [".lock", "current.json", "versions"]
    assert Artifact.open(served.root / "versions" / D).manifest.version == D


def test_files_that_were_hashed_at_activation_are_not_hashed_again_until_they_change(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(registry, A, B)
    registry.activate(A, examine=lambda artifact: None)
    hashed: list[str] = []
    monkeypatch.setattr(directory, "digest", lambda path: hashed.append(path.name) or digest(path))
    registry.open(A, verify="changed")
    assert hashed == []
    registry.open(A)
    registry.open(B, verify="changed")
    assert hashed == ["counts.npy"] * 2

    path = registry.root / "versions" / A / "counts.npy"
    content, status = path.read_bytes(), path.stat()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # size and time are as they were
    with pytest.raises(ArtifactCorrupt, match="altered"):
        registry.open(A, verify="changed")


def test_a_rollback_and_a_current_json_of_before_are_as_good(served: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    served.rollback(lambda artifact: None)
    monkeypatch.setattr(directory, "digest", lambda path: hashed.append(path.name) or digest(path))
    served.open(verify="changed")
    assert hashed == []
    path = served.root / "current.json"
    content = json.loads(path.read_text())
    del content["checked"]
    path.write_text(json.dumps(content))
    served.open(verify="changed")
    assert hashed == ["counts.npy"]


def test_what_nobody_has_examined_is_looked_at_by_whoever_serves_it(registry: Registry) -> None:
    publish(registry, A, B)
    registry.activate(A)
    assert not registry.open(A, verify="changed").is_known
    with pytest.raises(ZeroDivisionError):
        registry.activate(B, examine=lambda artifact: 1 / 0)  # type: ignore[arg-type,return-value]
    assert registry.current() == A
    registry.activate(B, examine=lambda artifact: None)
    assert registry.open(B, verify="changed").is_known
    assert not registry.open(A, verify="changed").is_known
