"""All the way: a log on disk, trained, published, asked from the command line."""

import gzip
import json
import shutil

import pytest
from support.factories import quick_config, vectors_only, write_log

import item2vec
from cli.flags import config_of
from cli.main import parse
from index.artifact.registry import Registry
from index.model import Model
from training.pipeline.run import run
from training.progress import LogReporter

QUICK = ["--dims", "16", "--epochs", "5", "--workers", "1", "--prefixes", "300", "--bootstrap", "50"]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("log") / "events.csv")


@pytest.fixture(scope="module")
def models(log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    assert train(log, folder) == 0
    return folder


def train(log, folder, *more):
    items = str(log.parent / "items.csv")
    return item2vec.main(
        [
            "train",
            "--events",
            str(log),
            "--items",
            items,
            "--min-item-count",
            "2",
            "--models",
            str(folder),
            *QUICK,
            *more,
        ]
    )


def ask(capsys, *arguments):
    capsys.readouterr()
    status = item2vec.main([str(a) for a in arguments])
    out = capsys.readouterr()
    return status, out.out, out.err


def test_similar_by_id_and_by_title_stays_in_the_group(models, capsys):
    status, out, _ = ask(capsys, "similar", "a3", "-k", 5, "--json", "--models", models)
    found = json.loads(out)
    assert status == 0
    assert len(found["items"]) == 5
    ids = {i["item_id"] for i in found["items"]}
    assert {item[0] for item in ids - {"new"}} == {"a"}  # new is in no session, and of their category
    assert any(i["title"].startswith("Title of a") for i in found["items"])
    _, by_title, _ = ask(capsys, "similar", "title OF a3", "-k", 5, "--json", "--models", models)
    assert json.loads(by_title)["items"] == found["items"]


def test_next_follows_the_order_of_the_sessions(models, capsys):
    found = json.loads(ask(capsys, "similar", "b4", "--score", "next", "--json", "--models", models)[1])
    assert "b5" in [i["item_id"] for i in found["items"][:2]]


def test_more_neighbours_than_stored_are_searched(models, capsys):
    for score in ("similar", "next"):
        found = json.loads(ask(capsys, "similar", "b4", "--score", score, "-k", 500, "--json", "--models", models)[1])
        assert len(found["items"]) == 20  # all others, and one that is in no session


def test_recommend_goes_on_with_the_session(models, capsys):
    found = json.loads(ask(capsys, "recommend", "a1", "a2", "Title of a3", "-k", 3, "--json", "--models", models)[1])
    ids = [i["item_id"] for i in found["items"]]
    assert "a4" in ids
    assert "a3" not in ids


def test_explain_gives_evidence_and_says_why_not(models, capsys):
    out = ask(capsys, "explain", "a1", "a2", "--models", models)[1]
    assert "They were together in" in out
    assert "times more often than chance, last on" in out
    out = ask(capsys, "explain", "a1", "b1", "--models", models)[1]
    assert "They were never together in a session" in out
    assert "no sessions to learn from yet; it is near because of category a" in ask(
        capsys, "explain", "a1", "new", "--models", models
    )[1].replace("\n", " ")


def test_an_unknown_item_is_a_clear_error(models, capsys):
    status, _, err = ask(capsys, "similar", "nothing like it", "--models", models)
    assert status == 2
    assert "no item has the id or the title 'nothing like it'" in err
    status, _, err = ask(capsys, "similar", "Title of a", "--models", models)
    assert status == 2
    assert "10 items could be meant" in err


def test_a_folder_without_models_says_what_to_do(tmp_path, capsys):
    status, _, err = ask(capsys, "similar", "a1", "--models", tmp_path)
    assert status == 2
    assert "item2vec train" in err


def test_the_report_comes_from_the_artifact(models, capsys):
    report = json.loads(ask(capsys, "evaluate", "--json", "--models", models)[1])
    rows = {row["method"]: row for row in report["tasks"]["T1"]}
    assert {"item2vec", "vectors alone", "popularity", "item-kNN", "SR", "symSR", "AR", "EASE"} <= rows.keys()
    assert rows["item2vec"]["hr@10"][0] > rows["popularity"]["hr@10"][0]
    assert {"S-KNN", "V-SKNN", "STAN", "own items"} <= {row["method"] for row in report["tasks"]["T2"]}
    assert report["tasks"]["T3"][0]["method"] == "random"
    assert report["advice"]
    assert "±" in ask(capsys, "evaluate", "--models", models)[1]


def test_a_version_without_an_evaluation_is_listed_and_says_so_when_asked(models, capsys, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    manifest = Registry(folder).open().manifest
    path = folder / "versions" / manifest.version / "manifest.json"
    path.write_bytes(manifest.model_copy(update={"metrics": None}).to_json())
    assert manifest.version in ask(capsys, "models", "--models", folder)[1]
    status, _, err = ask(capsys, "evaluate", "--models", folder)
    assert status == 2
    assert "was published without an evaluation" in err


def test_manifest_says_how_the_model_was_made(models, log):
    manifest = Registry(models).open().manifest
    assert manifest.trained_on == "all"
    assert manifest.config["trainer"]["dims"] == 16
    assert manifest.data.sessions == 400
    assert manifest.index["similar"].recall_at_10 == 1.0
    assert manifest.gate is not None
    assert manifest.gate.accepted
    assert {"read", "train", "evaluate"} <= manifest.timings.keys()
    assert manifest.libraries["gensim"]


def test_versions_are_listed_activated_rolled_back_and_pruned(models, log, capsys, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    first = Registry(folder).current()
    assert train(log, folder, "--seed", "2") in (0, 3)
    listed = json.loads(ask(capsys, "models", "--json", "--models", folder)[1])
    second = listed["versions"][-1]["version"]
    assert [v["version"] for v in listed["versions"]] == [first, second]
    assert ask(capsys, "models", "activate", second, "--models", folder)[0] == 0
    assert Registry(folder).current() == second
    assert ask(capsys, "models", "rollback", "--models", folder)[0] == 0
    assert Registry(folder).current() == first
    assert ask(capsys, "models", "activate", "../../etc", "--models", folder)[0] == 2
    assert ask(capsys, "models", "prune", "--keep", 1, "--models", folder)[0] == 0
    assert first in Registry(folder).versions()


def test_settings_come_from_flags_over_file_over_defaults(log, tmp_path, capsys):
    file = tmp_path / "settings.toml"
    file.write_text(f'[events]\npaths = ["{log}"]\n[trainer]\ndims = 8\nepochs = 2\n[recommender.item]\nafter = 3\n')
    parsed = parse(["train", "--config", str(file), "--epochs", "7"])
    config = config_of(parsed)
    assert (config.trainer.dims, config.trainer.epochs, config.trainer.window) == (8, 7, 3)
    assert config.recommender.item == {"after": 3.0}
    file.write_text("[recommender.rules]\nsteps = 3\n")  # as up to 0.1
    assert config_of(parsed).recommender.counts["rules"].steps == 3
    file.write_text("[trainer]\ndimensions = 8\n")
    status, _, err = ask(capsys, "train", "--events", log, "--models", tmp_path, "--config", file)
    assert status == 2
    assert "trainer.dimensions" in err


def test_a_model_that_is_no_better_than_popularity_is_kept_but_not_served(tmp_path, capsys):
    """Sessions without any structure: there is nothing to learn, and the gate must say so."""
    import numpy as np

    rng = np.random.default_rng(3)
    rows = ["user_id,item_id,timestamp"]
    for s in range(600):
        picks = np.minimum(rng.geometric(0.08, 5), 40)
        rows += [f"u{s},i{p},{1_700_000_000 + s * 10_000 + j}" for j, p in enumerate(picks)]
    log = tmp_path / "events.csv"
    log.write_text("\n".join(rows))
    folder = tmp_path / "m"
    vectors_alone = ["--no-baselines", "--no-blend", "--config", str(vectors_only(tmp_path))]
    arguments = ["train", "--events", str(log), "--models", str(folder), *QUICK, *vectors_alone]
    assert item2vec.main(arguments) == 3
    assert "popularity" in capsys.readouterr().out
    registry = Registry(folder)
    assert registry.current() is None
    assert [m.gate.accepted for m in registry.manifests()] == [False]
    assert item2vec.main([*arguments, "--force"]) == 0
    assert registry.open().manifest.gate.forced


def test_publishing_what_was_measured_is_a_switch(log, tmp_path):
    outcome = run(quick_config(log, publish_all=False, blend=False), tmp_path, LogReporter(), force=True)
    assert outcome.manifest.trained_on == "before_split"
    assert outcome.manifest.data.sessions < 400
    model = Model(Registry(tmp_path).open())
    assert {r.item[0] for r in model.neighbours("a1", 5)} == {"a"}


def test_a_compressed_log_gives_the_same_sessions(log, tmp_path):
    packed = tmp_path / "events.csv.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    shutil.copy(log.parent / "items.csv", tmp_path)
    plain = run(quick_config(log, blend=False), tmp_path / "m1", LogReporter(), force=True).manifest
    other = run(quick_config(packed, blend=False), tmp_path / "m2", LogReporter(), force=True).manifest
    assert plain.data.fingerprint == other.data.fingerprint
