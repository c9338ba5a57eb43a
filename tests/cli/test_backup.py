"""A backup is proven by restoring it: made while a server takes events and swaps models, served somewhere else."""

import json
import os
import stat
import threading

import pytest
from support.factories import quick_config
from support.live import serving
from support.trained import copied, train

import item2vec
from cli.stored import backup as backups
from cli.stored import restore as restores
from index.artifact.registry import Registry
from index.errors import BackupInvalid, ConfigError
from store import audit, events, keys
from store.audit import Wanted
from store.database import connect
from store.upkeep.migrate import migrate
from training.pipeline.run import run
from training.progress import LogReporter

QUESTIONS = [f"/similar/{group}{n}?k=5" for group in "ab" for n in (0, 3, 7)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with two versions; the first serves."""
    folder = tmp_path_factory.mktemp("backup")
    models = train(folder)
    first = Registry(models).current()
    run(quick_config(folder / "log" / "log.csv", 2, blend=False), models, LogReporter(), force=True)
    Registry(models).activate(first)
    return models


@pytest.fixture
def models(trained, tmp_path):
    return copied(trained, tmp_path)


def database_of(models):
    return f"sqlite:///{models / 'item2vec.db'}"


def main(*arguments):
    return item2vec.main([str(argument) for argument in arguments])


def stored_ids(models):
    engine = connect(database_of(models))
    found = {row.event_id for rows, _ in events.stream(engine) for row in rows}
    engine.dispose()
    return found


def answers(client):
    return {question: client.get(question).json() for question in QUESTIONS}


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_service_that_works_is_backed_up_and_served_elsewhere(models, tmp_path):
    versions = Registry(models).versions()
    acknowledged, stop = [], threading.Event()

    def post(client):
        for number in range(1_000_000):
            if stop.is_set():
                return
            rows = [{"item_id": "a1", "user_id": "u", "event_id": f"e{number}-{n}"} for n in range(20)]
            assert client.post("/events", json=rows).json()["accepted"] == 20
            acknowledged.append([row["event_id"] for row in rows])

    def swap(client):
        while not stop.is_set():
            for version in versions:
                assert client.post(f"/models/{version}/activate").status_code == 200

    with serving(models) as client:
        client.put("/items", json={"items": [{"item_id": "a3", "title": "A new title", "category": "a"}]})
        threads = [threading.Thread(target=work, args=(client,)) for work in (post, swap)]
        for thread in threads:
            thread.start()
        try:
            while len(acknowledged) < 5:
                stop.wait(0.01)
            before = [event_id for ids in list(acknowledged) for event_id in ids]
            assert main("backup", "--models", models, "--to", tmp_path / "copies" / "one") == 0
            seen = len(acknowledged)
            while len(acknowledged) < seen + 2:  # nobody was held up for good
                stop.wait(0.01)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        wanted = {}
        for version in versions:
            client.post(f"/models/{version}/activate")
            wanted[version] = answers(client)

    place = tmp_path / "elsewhere"
    assert main("restore", "--from", tmp_path / "copies" / "one", "--models", place) == 0
    assert set(before) <= stored_ids(place)
    assert stored_ids(place) <= {event_id for ids in acknowledged for event_id in ids} | stored_ids(models)
    with serving(place) as client:
        serving_now = Registry(place).current()
        assert answers(client) == wanted[serving_now]
        assert client.get("/items/a3").json()["title"] == "A new title"
        assert client.post("/events", json=[{"item_id": "a1", "user_id": "u"}]).json()["accepted"] == 1
    assert Registry(place).versions() == versions
    for version in versions:
        Registry(place).open(version)
    engine = connect(database_of(place))
    assert audit.page(engine, Wanted(action="restore"), 10)[0][0].thing == serving_now
    engine.dispose()


@pytest.fixture
def made(models, tmp_path):
    """A backup of a folder with one key and one event."""
    engine = connect(database_of(models))
    migrate(engine)
    keys.create_key(engine, "shop", ["read"])
    events.append(engine, [events.EventRow("a1", 1, user_id="u", event_id="first")], [], "r", 1)
    backups.backup(engine, models, tmp_path / "made")
    engine.dispose()
    return tmp_path / "made"


def test_a_backup_is_for_its_owner_only_and_overwrites_nothing(made, models, capsys):
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.rglob("*") if path.is_file()} == {0o600}
    before = contents(made)
    assert main("backup", "--models", models, "--to", made) == 2
    assert "overwrites nothing" in capsys.readouterr().err
    assert contents(made) == before
    assert [path.name for path in made.parent.iterdir() if path.name.endswith(".writing")] == []


def damage(path):
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("what", ["database.db", "backup.json", "models/current.json", "models/versions/*/inputs.npy"])
@pytest.mark.parametrize("how", ["altered", "cut", "gone"])
def test_a_damaged_backup_is_refused_and_nothing_has_changed(made, models, what, how, capsys):
    path = next(iter(made.glob(what)))
    if how == "altered":
        damage(path)
    elif how == "cut":
        os.truncate(path, path.stat().st_size - 2)
    else:
        path.unlink()
    before = contents(models)
    assert main("restore", "--from", made, "--models", models, "--force") == 2
    assert main("restore", "--from", made, "--models", models.parent / "new") == 2
    assert path.name in capsys.readouterr().err
    assert contents(models) == before
    assert not (models.parent / "new").exists()


def test_what_is_there_is_replaced_only_by_force_and_kept_beside(made, models, capsys):
    engine = connect(database_of(models))
    events.append(engine, [events.EventRow("a2", 2, user_id="u", event_id="second")], [], "r", 1)
    engine.dispose()
    before = contents(models)
    assert main("restore", "--from", made, "--models", models) == 2
    assert "--force" in capsys.readouterr().err
    assert contents(models) == before
    assert main("restore", "--from", made, "--models", models, "--force") == 0
    assert stored_ids(models) == {"first"}
    kept = next(models.glob("item2vec.db.replaced-*"))
    engine = connect(f"sqlite:///{kept}")
    assert events.count(engine) == 2
    engine.dispose()


def test_a_service_that_has_the_database_open_is_not_overwritten(made, models, capsys):
    with serving(models) as client:
        assert client.get("/readyz").status_code == 200
        assert main("restore", "--from", made, "--models", models, "--force") == 2
        assert "stop the service" in capsys.readouterr().err
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("renames", range(3))
def test_a_restore_that_was_killed_goes_on(made, tmp_path, renames, monkeypatch):
    """Killed before the first change of a name, and between them."""
    place = tmp_path / "place"
    rename, left = os.rename, [renames]

    def failing(source, to):
        if str(to).endswith(("item2vec.db", "versions", "current.json")):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
        rename(source, to)

    monkeypatch.setattr(restores.os, "rename", failing)
    with pytest.raises(KeyboardInterrupt):
        restores.restore(restores.check(made), made, place, place / "item2vec.db", force=False)
    monkeypatch.undo()
    restores.restore(restores.check(made), made, place, place / "item2vec.db", force=False)
    assert stored_ids(place) == {"first"}
    Registry(place).open()
    assert not (place / ".restoring").exists()


def test_keys_are_in_the_backup(made, tmp_path):
    assert main("restore", "--from", made, "--models", tmp_path / "place") == 0
    engine = connect(database_of(tmp_path / "place"))
    assert [key.name for key in keys.list_keys(engine)] == ["shop"]
    engine.dispose()
    assert stat.S_IMODE((tmp_path / "place" / "item2vec.db").stat().st_mode) == 0o600


def test_a_backup_of_a_newer_release_is_refused(made):
    outer = json.loads((made / "backup.json").read_text())
    fields = json.loads(outer["backup"]) | {"format": 2}
    text = json.dumps(fields)
    from cli.stored.archive import _sha256

    (made / "backup.json").write_text(json.dumps({"backup": text, "sha256": _sha256(text)}))
    with pytest.raises(BackupInvalid, match="format 2"):
        restores.check(made)


def test_postgresql_is_told_how(models, tmp_path):
    engine = connect("postgresql://u@127.0.0.1:1/d")
    with pytest.raises(ConfigError, match="deploy/backup"):
        backups.backup(engine, models, tmp_path / "x")
    engine.dispose()
