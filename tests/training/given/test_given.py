"""A test that somebody else has cut, asked of a model that was trained on the two groups."""

import csv
import json
import lzma
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.live import serving
from support.trained import train

from cli.main import main
from index.artifact.registry import Registry
from index.model import Model
from training.config import TrainConfig
from training.eventsconfig import EventsConfig
from training.given.file import read_questions
from training.given.log import pieces
from training.given.measure import Asked
from training.given.run import config_of

PREFIXES = [["a1", "a2"], ["b3", "nowhere", "b4"], ["nowhere"], [], ["a5", "a5"], ["a1"], ["b7"]]
TARGETS = ["a3", "b5", "a0", "b0", "a5", "never seen", "b8"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return train(tmp_path_factory.mktemp("given"))


@pytest.fixture(scope="module")
def model(models):
    return Model(Registry(models).open())


def ask(capsys, models, test, *more) -> tuple[int, str, str]:
    status = main(["evaluate", "--test", str(test), "--models", str(models), *more])
    out, err = capsys.readouterr()
    return status, out, err.strip().split("\n")[-1]


def written(folder: Path, kind: str, prefixes=PREFIXES, targets=TARGETS) -> Path:
    path = folder / f"test.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table({"prefix": prefixes, "target": targets}), path)
    elif kind == "jsonl":
        lines = (json.dumps({"prefix": p, "target": t}) for p, t in zip(prefixes, targets, strict=True))
        path.write_text("\n".join(lines))
    else:
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerows([("prefix", "target"), *((" ".join(p), t) for p, t in zip(prefixes, targets, strict=True))])
    return path


def log_of(folder: Path, sessions: dict[str, list[tuple[int, str]]]) -> Path:
    """user -> (seconds, item)."""
    path = folder / "given.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("user_id", "item_id", "timestamp"))
        rows.writerows((u, item, 1_700_000_000 + at) for u, events in sessions.items() for at, item in events)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_table_is_asked_whole_in_every_format(models, tmp_path, capsys, kind):
    status, out, _ = ask(capsys, models, written(tmp_path, kind), "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["form"], found["prefixes"], found["sessions"]) == ("table", 7, 7)
    assert (found["unknown_targets"], found["unknown_prefixes"]) == (1, 2)
    assert found["immediate_repeat_share"] == pytest.approx(1 / 7)
    assert found["last_may_return"] is False
    assert [row["method"] for row in found["tasks"]["T2"]] == ["item2vec", "popularity"]


def test_ranks_are_those_of_the_answers_over_http(models, model, tmp_path):
    """Every prefix is sent to POST /recommend, also those without an item that the model knows."""
    rng = np.random.default_rng(5)
    ids = [*model.vocabulary.ids, "nowhere", "new"]
    prefixes = [rng.choice(ids, rng.integers(1, 6)).tolist() for _ in range(40)]
    prefixes += [["nowhere"], ["new", "nowhere"], ["new"]]
    targets = rng.choice(ids, len(prefixes)).tolist()
    places = []
    with serving(models) as client:
        for prefix, target in zip(prefixes, targets, strict=True):
            body = {"items": prefix, "k": 50, "exclude_seen": False}
            listed = [item["item_id"] for item in client.post("/recommend", json=body).json()["items"]]
            places.append(listed.index(target) + 1 if target in listed else 0)
    assert ranks_of(model, prefixes, targets, tmp_path) == places


def ranks_of(model, prefixes, targets, folder) -> list[int]:
    questions = read_questions(str(written(folder, "parquet", prefixes, targets)), config_of(model))
    return Asked(model, questions).ranks("T2", 1).tolist()


def test_each_event_of_a_log_but_the_first_is_a_target(tmp_path):
    path = log_of(
        tmp_path,
        {
            "one": [(0, "x"), (10, "x"), (20, "rare"), (20 + 31 * 60, "y"), (30 + 31 * 60, "z")],
            "two": [(0, "x")],
            "three": [(5, "y"), (5, "y")],
        },
    )
    found = read_questions(str(path), TrainConfig())
    asked = [
        ([found.ids[i] for i in prefix], found.ids[target], int(session))
        for prefix, target, session in zip(found.prefixes, found.targets, found.sessions, strict=True)
    ]
    assert sorted((prefix, target) for prefix, target, _ in asked) == [
        (["x"], "x"),
        (["x", "x"], "rare"),
        (["y"], "y"),
        (["y"], "z"),
    ]
    assert len({session for _, _, session in asked}) == 3
    assert found.of_last().sum() == 2


def test_a_long_session_is_several_even_ones():
    assert pieces(np.array([3, 10, 4]), 4).tolist() == [3, 3, 3, 4, 4]


def test_a_test_is_read_as_the_log_is_and_a_table_by_the_names_of_its_columns(tmp_path):
    config = TrainConfig(events=EventsConfig(user="1", item="2", time="3"))
    log = tmp_path / "test.dat.xz"
    log.write_bytes(lzma.compress("u|книга|1700000000\nu|музыка|1700000009\n".encode("cp1251")))
    found = read_questions(str(log), config)
    assert (found.form, [found.ids[t] for t in found.targets]) == ("log", ["музыка"])
    table = tmp_path / "table.csv"
    table.write_bytes("prefix;target\nкнига музыка;книга\n".encode("cp1251"))
    found = read_questions(str(table), config)
    assert (found.form, found.ids, found.targets.tolist()) == ("table", ["книга", "музыка"], [0])


def test_rows_of_one_session_are_resampled_together(tmp_path):
    path = tmp_path / "test.csv"
    path.write_text("session,prefix,target\ns1,a1,a2\ns1,a1 a2,a3\ns2,,a1\n")
    found = read_questions(str(path), TrainConfig())
    assert found.sessions.tolist() == [0, 0, 1]
    assert [len(prefix) for prefix in found.prefixes] == [1, 2, 0]


def test_a_log_says_how_repeats_and_unknown_items_were_treated(models, tmp_path, capsys):
    path = log_of(tmp_path, {"u": [(0, "a1"), (1, "a1"), (2, "a2"), (3, "nowhere")]})
    status, out, _ = ask(capsys, models, path)
    assert status == 0
    assert "a log: 3 prefixes of 1 sessions" in out
    assert "Unknown targets: 1 (33.3%), each a miss" in out
    assert "33.3% of the targets are the last item of their prefix" in out
    assert "The last item may not return" in out
    assert "popularity" in out


def test_a_target_that_the_model_cannot_give_is_a_miss(models, tmp_path, capsys):
    path = written(tmp_path, "jsonl", [["a5"], ["a1"]], ["a5", "nowhere"])
    found = json.loads(ask(capsys, models, path, "--json")[1])
    assert {tuple(row["hr@20"]) for task in found["tasks"].values() for row in task} == {(0.0, 0.0, 0.0)}


WRONG = {
    "no target": ("prefix\na1 a2\n", "no column 'target'"),
    "no prefix": ("target\na1\n", "no column 'prefix'"),
    "no item": ("user_id,article,timestamp\nu,a1,1700000000\n", "no column 'item_id', where the model's log has"),
    "empty target": ("prefix,target\na1,\n", "row 1: column 'target' holds no item id"),
    "no rows": ("prefix,target\n", "the table has no rows"),
    "single events": ("user_id,item_id,timestamp\nu,a1,1700000000\n", "no session has two events"),
    "bad times": ("user_id,item_id,timestamp\nu,a1,soon\nu,a2,1700000000\n", "1 bad_time"),
    "empty": ("", "holds nothing to test with"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_no_test_is_refused_with_its_name_and_the_column(models, tmp_path, capsys, case):
    text, reason = WRONG[case]
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    status, out, err = ask(capsys, models, path)
    assert (status, out) == (2, "")
    assert str(path) in err
    assert reason in err


@pytest.mark.parametrize("value", ["a1 a2", ["a1", None], {"a": 1}, [True]])
def test_a_prefix_that_is_no_list_of_ids_is_refused(models, tmp_path, capsys, value):
    path = tmp_path / "wrong.jsonl"
    path.write_text(json.dumps({"prefix": ["a1"], "target": "a2"}) + "\n" + json.dumps({"prefix": value, "target": 1}))
    status, _, err = ask(capsys, models, path)
    assert status == 2
    assert f"{path}: row 2: column 'prefix'" in err


def test_a_test_that_is_not_there_is_refused(models, tmp_path, capsys):
    status, _, err = ask(capsys, models, tmp_path / "nothing.csv")
    assert status == 2
    assert "does not exist" in err
