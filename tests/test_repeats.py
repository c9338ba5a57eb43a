"""Where people play the same again and again, the log says it, the model learns it, report and service agree."""

import csv
import json
import shutil

import numpy as np
import pytest
from support.live import serving

from cli.main import main
from index.artifact.registry import Registry
from index.model import Model
from training.given.file import read_questions
from training.given.measure import Asked
from training.given.run import config_of

QUICK = ("--min-item-count", "2", "--dims", "16", "--workers", "1", "--no-baselines", "--bootstrap", "50")


def log_of(path, sessions=400, again=0.3, pause=60, first=0):
    """Sessions of one group of ten items each: the same item again, with this chance, else the next number."""
    rng = np.random.default_rng(7)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("user_id", "item_id", "timestamp"))
        for n in range(first, first + sessions):
            at, time = int(rng.integers(10)), 1_700_000_000 + n * 7200
            for _ in range(7):
                rows.writerow((f"u{n}", f"{'ab'[n % 2]}{at}", time))
                same = rng.random() < again
                at, time = (at if same else (at + 1) % 10), time + (pause if same else 60)
    return path


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return log_of(tmp_path_factory.mktemp("again") / "log.csv")


@pytest.fixture(scope="module")
def models(log):
    assert main(["train", "--events", str(log), "--models", str(log.parent / "models"), *QUICK, "--force"]) == 0
    return log.parent / "models"


@pytest.fixture(scope="module")
def client(models):
    with serving(models) as client:
        yield client


def ask(client, items, **more):
    answer = client.post("/recommend", json={"items": items, "k": 20} | more)
    assert answer.status_code == 200
    return [row["item_id"] for row in answer.json()["items"]]


def test_the_report_says_that_repeats_are_kept_and_the_last_item_may_return(models, client, capsys):
    manifest = Registry(models).open().manifest
    found = manifest.metrics.repeats
    assert found.share == pytest.approx(0.3, abs=0.03)
    assert (found.kept, found.last_may_return) == (True, True)
    assert manifest.recommender["last_may_return"] is True
    assert manifest.data.removed["repeats"] == 0
    assert "own.last" in manifest.recommender["session"]
    shown = client.get(f"/models/{manifest.version}").json()["metrics"]["repeats"]
    assert shown == {"share": found.share, "kept": True, "last_may_return": True}
    assert main(["evaluate", "--models", str(models)]) == 0
    out = capsys.readouterr()[0]
    assert "They are trained on; the last item of a session may come back as a recommendation." in out


def test_a_request_may_say_otherwise(client):
    session = ["a1", "a2", "a3"]
    assert ask(client, session, exclude_seen=False)[:2] in (["a4", "a3"], ["a3", "a4"])
    assert not {"a1", "a2", "a3"} & set(ask(client, session))
    assert "a3" not in ask(client, session, exclude_seen=False, exclude_last=True)
    assert {"a1", "a2"} <= set(ask(client, session, exclude_seen=False, exclude_last=True))
    alone = ask(client, session, exclude_last=False)
    assert "a3" in alone[:2]
    assert not {"a1", "a2"} & set(alone)
    assert client.post("/recommend", json={"items": session, "exclude_last": "perhaps"}).status_code == 422


def test_a_test_of_the_same_kind_is_answered_as_the_service_answers(models, client, tmp_path):
    test = log_of(tmp_path / "test.csv", sessions=6)
    model = Model(Registry(models).open())
    questions = read_questions(str(test), config_of(model))
    ranks = Asked(model, questions).ranks("T2", 1)
    assert questions.of_last().any()
    for prefix, target, rank in zip(questions.prefixes, questions.targets, ranks, strict=True):
        listed = ask(client, [questions.ids[i] for i in prefix], exclude_seen=False)
        assert listed.index(questions.ids[target]) + 1 == rank


def test_repeats_that_come_too_soon_count_once(tmp_path, capsys):
    log = log_of(tmp_path / "log.csv", pause=1)
    main(["train", "--events", str(log), "--models", str(tmp_path / "models"), *QUICK, "--force"])
    found = Registry(tmp_path / "models").open().manifest.metrics.repeats
    assert (found.kept, found.last_may_return) == (False, False)
    assert "They count once; the last item of a session never comes back" in capsys.readouterr()[0]


def test_a_flag_goes_before_what_the_log_says(log, tmp_path):
    flags = ("--collapse-repeats", "--no-blend", "--force")
    main(["train", "--events", str(log), "--models", str(tmp_path), *QUICK, *flags])
    manifest = Registry(tmp_path).open().manifest
    assert manifest.config["sessions"]["collapse_repeats"] is True
    assert (manifest.metrics.repeats.kept, manifest.recommender["last_may_return"]) == (False, False)
    assert manifest.data.removed["repeats"] > 500


def test_an_update_treats_repeats_as_the_model_did_whatever_the_new_events_look_like(models, tmp_path):
    shutil.copytree(models, tmp_path / "models")
    before = Registry(models).open().manifest
    new = log_of(tmp_path / "new.csv", sessions=60, pause=1, first=1000)
    flags = ("--update", "--events", str(new), "--models", str(tmp_path / "models"), "--force")
    assert main(["train", *flags]) == 0
    manifest = Registry(tmp_path / "models").open().manifest
    assert manifest.version != before.version
    assert manifest.data.tokens == before.data.tokens + 60 * 7
    assert manifest.recommender["last_may_return"] is True


def test_check_says_what_collapsing_takes_away(log, capsys):
    def finding(*flags):
        main(["check", "--events", str(log), "--json", "--min-item-count", "2", *flags])
        found = json.loads(capsys.readouterr()[0])["findings"]
        return next(f for f in found if f["code"] == "immediate_repeats")

    kept, collapsed = finding(), finding("--collapse-repeats")
    assert (kept["severity"], collapsed["severity"]) == ("note", "warn")
    assert kept["share"] == collapsed["share"] == pytest.approx(0.3, abs=0.03)
    assert "would take away" in kept["advice"]
    assert "Leave --collapse-repeats out" in collapsed["advice"]


def test_in_the_report_t1_asks_for_other_items_only(models):
    report = Registry(models).open().manifest.metrics
    # One group of ten items: after one item the next number comes always, the item itself is no question.
    assert report.tasks.T1[0].hr10.mean == pytest.approx(1.0, abs=0.02)
    assert report.repeat_share > 0.25
    records = Registry(models).open().array("evaluation_ranks")
    t1, t2 = (records[records["task"] == code] for code in (1, 2))
    assert (t1["session"] == t2["session"]).all()
    assert 0.2 < (t1["rank"] == 0).mean() < 0.4
    assert (t2["rank"] == 0).mean() < 0.02
