"""A version that is whole, with right checksums, and cannot be a model is refused by name, and nothing else ends."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.live import serving, until

from benchmarks.http.world import publish
from index.artifact.files import digest
from index.artifact.manifest import FileEntry, Manifest
from index.artifact.registry import Registry
from index.errors import ArtifactError
from index.sense import examine

ITEMS = 60


def seal(folder, version):
    """With checksums that are right."""
    path = folder / "manifest.json"
    manifest = Manifest.from_json(path.read_bytes(), path)
    files = {
        name: FileEntry(bytes=size, sha256=sha) for name in manifest.files for size, sha in [digest(folder / name)]
    }
    path.write_bytes(manifest.model_copy(update={"version": version, "files": files}).to_json())


def broken(models, change):
    """A copy of the current version as `change` leaves it, sealed again and made current; its version."""
    registry = Registry(models)
    first = registry.current()
    new = f"{first[:-1]}{(int(first[-1]) + 1) % 10}"
    source, folder = models / "versions" / first, models / "versions" / new
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    change(folder)
    seal(folder, new)
    registry.activate(new)
    return new


def array(name, change):
    def work(folder):
        values = np.load(folder / f"{name}.npy")
        np.save(folder / f"{name}.npy", change(values))

    return work


def text(name, content):
    return lambda folder: (folder / f"{name}.json").write_text(json.dumps(content))


def put(value, at=0):
    def change(values):
        values.reshape(-1)[at] = value
        return values

    return change


KINDS = {
    "ids that are none": text("vocabulary", {"ids": [1] * ITEMS}),
    "an id twice": text("vocabulary", {"ids": ["a"] * ITEMS}),
    "ids missing": text("vocabulary", {"ids": []}),
    "no ids": text("vocabulary", []),
    "catalogue of another kind": text("catalogue", ["a"]),
    "catalogue without a column": text(
        "catalogue", {"ids": [], "fields": ["title", "category", "price"], "columns": {}}
    ),
    "rare of another kind": text("rare", [["a", 1]]),
    "counts below 0": array("counts", put(-5)),
    "fewer counts": array("counts", lambda values: values[1:]),
    "an id that no reply can hold": text("vocabulary", {"ids": [*map(str, range(ITEMS - 1)), "\ud800"]}),
    "rare ids that no reply can hold": text("rare", {"\udfff": 2}),
    "vectors of truth values": array("similar", lambda values: values > 0),
    "vectors of whole numbers": array("targets", lambda values: (values * 9).astype(np.int64)),
    "rows that are true or false": array("similar_rows", lambda values: values > 9),
    "sessions with fractions": array("evidence_sessions", lambda values: values.astype(np.float64)),
    "vectors that are NaN": array("similar", put(np.nan)),
    "vectors that are infinite": array("targets", put(np.inf, at=7)),
    "vectors of text": array("inputs", lambda values: values.astype("U")),
    "one dimension": array("outputs", lambda values: values.reshape(-1)),
    "codes of fewer dims": array("codes", lambda values: values[:, 1:]),
    "a bound below 0": array("codes_bounds", put(-1.0, at=1)),
    "rows beyond the last": array("similar_rows", put(ITEMS)),
    "rows below -1": array("next_rows", put(-2, at=5)),
    "fewer lists": array("next_rows", lambda values: values[1:]),
    "scores that are NaN": array("similar_scores", put(np.nan, at=3)),
    "fewer scores": array("next_scores", lambda values: values[:, 1:]),
    "offsets that fall": array("evidence_offsets", lambda values: np.concatenate([[0], values[1:][::-1]])),
    "sessions that there are not": array("evidence_sessions", put(10**6)),
    "a mean of other dims": array("targets_mean", lambda values: values[1:]),
    "texts that end early": array("catalogue_0_text", lambda values: values[:9]),
    "texts that are none": array("catalogue_0_text", lambda values: np.full_like(values, 200)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_a_model_is_refused_and_the_one_before_serves(tmp_path, kind):
    good = publish(tmp_path, ITEMS)
    bad = broken(tmp_path, KINDS[kind])
    with pytest.raises(ArtifactError):
        examine(Registry(tmp_path).open(bad))
    with serving(tmp_path) as client:
        ready = client.get("/readyz").json()
        assert (ready["ready"], ready["model_version"], list(ready["refused"])) == (True, good, [bad])
        assert str(tmp_path) not in ready["refused"][bad]
        assert len(client.get("/similar/item-000007").json()["items"]) == 10
        refused = client.post(f"/models/{bad}/activate")
        assert (refused.status_code, refused.json()["code"][:9]) == (409, "artifact_")


def test_a_version_that_is_mended_serves_and_nothing_is_refused_any_more(tmp_path, monkeypatch):
    monkeypatch.setattr("app.live.snapshot.RETRY_SECONDS", 0.1)
    good = publish(tmp_path, ITEMS)
    bad = broken(tmp_path, KINDS["a bound below 0"])
    with serving(tmp_path) as client:
        assert client.get("/readyz").json()["model_version"] == good
        content = (tmp_path / "versions" / good / "codes_bounds.npy").read_bytes()
        folder = tmp_path / "versions" / bad
        (folder / "codes_bounds.npy").write_bytes(content)
        seal(folder, bad)
        until(lambda: client.get("/readyz").json()["model_version"] == bad)
        until(lambda: client.get("/readyz").json()["refused"] == {})


def test_only_what_served_before_takes_its_place(tmp_path):
    publish(tmp_path, ITEMS)
    registry = Registry(tmp_path)
    first = registry.current()
    bad = broken(tmp_path, KINDS["counts below 0"])
    assert registry.served_before() == [first]
    for path in (tmp_path / "versions" / first).iterdir():
        path.unlink()
    with serving(tmp_path) as client:
        assert client.get("/readyz").status_code == 503
        assert client.get("/similar/item-000007").json()["code"] == "no_model"
        assert bad in client.get("/readyz").json()["refused"]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_bytes_a_file_holds_it_is_refused_or_it_answers(tmp_path_factory, data):
    """Bytes are changed, and the checksums with them."""
    folder = tmp_path_factory.mktemp("bytes")
    publish(folder, 12)
    registry = Registry(folder)
    names = sorted(registry.open().manifest.files)
    name = data.draw(st.sampled_from(names))

    def change(version):
        content = bytearray((version / name).read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            if content:
                content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        (version / name).write_bytes(content[: data.draw(st.integers(0, len(content)))] or b"\0")

    bad = broken(folder, change)
    try:
        examine(registry.open(bad))
    except ArtifactError:
        return
    from index.model import Model

    model = Model(registry.open(bad))
    for item in model.vocabulary.ids:
        model.similar(item, 3)
        model.next(item, 3)
