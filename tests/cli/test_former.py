"""Spellings of 0.1 do the same as today's, and say so in one line. Goes with cli/former.py."""

import pytest

from cli.main import parse


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with models in `shop`, and an empty folder `a1` that is named like an item."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ITEM2VEC_MODELS", raising=False)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "current.json").touch()
    (tmp_path / "a1").mkdir()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("train --events x --out shop", "train --events x --models shop"),
        ("train --out=shop --no-referees", "train --models=shop --no-baselines"),
        ("tune --out shop --to x --referees", "tune --models shop --to x --baselines"),
        ("check --no-referees", "check --no-baselines"),
        ("similar shop a3", "similar a3 --models shop"),
        ("similar --version v shop -k 3 a3 --json", "similar --version v -k 3 a3 --json --models shop"),
        ("recommend shop a1 a2", "recommend a1 a2 --models shop"),
        ("recommend shop -- -a -b", "recommend --models shop -- -a -b"),
        ("explain shop a1 a2", "explain a1 a2 --models shop"),
        ("evaluate shop", "evaluate --models shop"),
        ("evaluate a1", "evaluate --models a1"),
        ("models shop", "models --models shop"),
        ("models shop activate v", "models activate v --models shop"),
        ("models shop rollback", "models rollback --models shop"),
        ("models shop prune --keep 2", "models prune --keep 2 --models shop"),
        ("export shop npy --out x", "export npy --out x --models shop"),
    ],
)
def test_an_old_spelling_does_the_same_and_says_the_new_one(old, new, capsys):
    found = parse(old.split())
    said = capsys.readouterr().err
    assert said.endswith(f"now it is: item2vec {new}\n")
    assert len(said.splitlines()) == 1
    assert vars(found) == vars(parse(new.split()))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "today",
    [
        "similar a1",
        "similar shop",
        "explain a1 shop",
        "recommend a1 a2",
        "recommend shop",
        "recommend shop a2 --models shop",
        "similar a1 --models shop",
        "models rollback",
        "models activate shop",
        "evaluate",
        "export npy --out shop",
        "similar -1",
        "demo --out shop",
        "demo-log --out shop",
    ],
)
def test_an_item_that_has_the_name_of_a_folder_is_an_item(today, capsys):
    parse(today.split())
    assert capsys.readouterr().err == ""
