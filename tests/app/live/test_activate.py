"""What cannot be loaded does not become current, whichever way it cannot, and the answer says why."""

import json
import re
import resource
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from support.live import serving
from support.server import Server

from benchmarks.http.world import publish
from index.artifact.files import digest
from index.artifact.manifest import FileEntry, Manifest
from index.artifact.registry import Registry

ITEMS = 60


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


def sealed(folder, **changes):
    """The manifest made anew over the files as they are now, with right checksums."""
    path = folder / "manifest.json"
    manifest = Manifest.from_json(path.read_bytes(), path)
    names = [name for name in manifest.files if (folder / name).exists()]
    files = {name: FileEntry(bytes=size, sha256=sha) for name in names for size, sha in [digest(folder / name)]}
    path.write_bytes(manifest.model_copy(update={"files": files, **changes}).to_json())


def cut(folder):
    path = folder / "similar_rows.npy"
    path.write_bytes(path.read_bytes()[:-100])


def flipped(folder):
    path = folder / "targets.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def without_file(folder):
    (folder / "vocabulary.json").unlink()


def without_file_sealed(folder):
    (folder / "similar_rows.npy").unlink()
    sealed(folder)


def cut_sealed(folder):
    cut(folder)
    sealed(folder)


def no_numbers(folder):
    path = folder / "similar.npy"
    values = np.load(path)
    values[3] = np.nan
    np.save(path, values)
    sealed(folder)


def a_folder(folder):
    (folder / "counts.npy").unlink()
    (folder / "counts.npy").mkdir()


def a_link(folder):
    (folder / "counts.npy").rename(folder / "elsewhere.npy")
    (folder / "counts.npy").symlink_to(folder / "elsewhere.npy")


def no_manifest(folder):
    (folder / "manifest.json").write_text("{}")


def settings_of_tomorrow(folder):
    sealed(folder, recommender={"next_reading": "of-tomorrow"})


def of_tomorrow(folder):
    sealed(folder, schema_version=99)


def renamed(folder):
    sealed(folder, version="20260101-000000")


WAYS = [
    cut, flipped, without_file, without_file_sealed, cut_sealed, no_numbers, a_folder, a_link, no_manifest,
    settings_of_tomorrow, of_tomorrow, renamed,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_version_that_cannot_be_loaded_is_not_activated_nor_rolled_back_to(models, way, caplog):
    first, second, third = (publish(models, ITEMS, seed) for seed in (1, 2, 3))
    registry = Registry(models)
    registry.activate(second)
    registry.activate(third)  # a rollback leads to the second
    way(models / "versions" / second)
    before = (models / "current.json").read_bytes()
    with serving(models, watch_seconds=0.05) as client:
        for path in (f"/models/{second}/activate", "/models/rollback"):
            answer = client.post(path)
            assert (answer.status_code, answer.json()["code"][:9]) == (409, "artifact_"), answer.text
            assert len(answer.json()["detail"]) > 20
            assert str(models) not in answer.text
            assert (models / "current.json").read_bytes() == before
        assert client.get("/similar/item-000007").json()["model_version"] == third
        assert client.get("/readyz").json()["refused"] == {}
        assert client.get("/models/diff").status_code in (200, 409)
        assert client.get(f"/models/{second}").status_code in (200, 409)
        assert client.get("/models").status_code == 200
        assert client.post(f"/models/{first}/activate").json() == {"version": first, "model_version": first}
    assert any(f"versions/{second}" in record.getMessage() for record in caplog.records)


def test_a_version_that_was_refused_and_is_mended_is_loaded_when_it_is_activated(models):
    """Not after the half minute that the watcher waits before it tries again."""
    first, second = publish(models, ITEMS, 1), publish(models, ITEMS, 2)
    path = models / "versions" / second / "targets.npy"
    whole = path.read_bytes()
    flipped(models / "versions" / second)
    with serving(models) as client:
        assert client.get("/readyz").json()["model_version"] == first
        assert "targets.npy is altered" in client.get("/readyz").json()["refused"][second]
        path.write_bytes(whole)
        assert client.post(f"/models/{second}/activate").json() == {"version": second, "model_version": second}
        assert client.get("/readyz").json()["refused"] == {}


def test_activating_what_serves_in_place_of_another_leaves_nothing_refused(models):
    first, second = publish(models, ITEMS, 1), publish(models, ITEMS, 2)
    flipped(models / "versions" / second)
    with serving(models) as client:
        assert second in client.get("/readyz").json()["refused"]
        assert client.post(f"/models/{first}/activate").json() == {"version": first, "model_version": first}
        assert client.get("/readyz").json()["refused"] == {}


def test_nobody_who_asks_whether_it_is_ready_learns_where_the_models_lie(models, caplog):
    """An error of a library names the file with all its folders."""
    first, second = publish(models, ITEMS, 1), publish(models, ITEMS, 2)
    (models / "versions" / second / "catalogue.json").write_text(json.dumps({"ids": [], "fields": 1, "columns": {}}))
    sealed(models / "versions" / second)
    with serving(models) as client:
        ready = client.get("/readyz")
        assert ready.json()["model_version"] == first
        assert second in ready.json()["refused"]
        assert str(models.parent) not in ready.text
        assert not re.search(r"[\s(:]/\w", ready.text)
    assert any(str(models) in record.getMessage() for record in caplog.records)


def test_a_version_that_needs_more_memory_than_there_is_is_refused_and_the_old_one_serves(models, tmp_path):
    small, large = publish(models, 100, 1), publish(models, 6000, 2)
    Registry(models).activate(small)
    with Server(models, tmp_path / "log.txt", access_log=False) as server:
        assert httpx.get(f"{server.url}/similar/item-000001").status_code == 200
        assert httpx.post(f"{server.url}/models/{small}/activate").status_code == 200  # its thread is there from now on
        size = int(re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())[1]) << 10
        resource.prlimit(server.pid, resource.RLIMIT_AS, (size + (6 << 20), resource.RLIM_INFINITY))
        answer = httpx.post(f"{server.url}/models/{large}/activate", timeout=60)
        assert (answer.status_code, answer.json()["code"][:9]) == (409, "artifact_"), answer.text
        assert httpx.get(f"{server.url}/similar/item-000002").json()["model_version"] == small
        time.sleep(0.6)
        assert httpx.get(f"{server.url}/similar/item-000003").json()["model_version"] == small
    assert Registry(models).current() == small
