"""A model that is updated with new events is the one that a whole training with the same settings would give."""

import csv
from pathlib import Path

import numpy as np
import pytest
from support.factories import quick_config, write_log

from index.artifact.registry import Registry
from index.errors import UpdateImpossible
from index.model import Model
from index.ranking.settings import COUNTS, RecommenderConfig
from index.why.evidence import build_evidence
from training.pipeline import assemble
from training.pipeline.run import run
from training.pipeline.updating.base import base_of
from training.pipeline.updating.update import update
from training.progress import LogReporter

ARRAYS = ("counts", "inputs", "outputs", "similar_rows", "similar_scores", "next_rows", "next_scores", "session_starts")
ARRAYS += ("evidence_offsets", "evidence_sessions", "evidence_positions", "session_ends")


def rows_of(log: Path) -> list[list[str]]:
    with log.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def write(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """(the first nine tenths of a log, the rest, all of it)."""
    folder = tmp_path_factory.mktemp("logs")
    whole = write_log(folder / "log" / "whole.csv")
    header, *rows = rows_of(whole)
    sessions = sorted({int(row[2]) // 3600 for row in rows})
    border = sessions[len(sessions) * 9 // 10] * 3600
    old = [row for row in rows if int(row[2]) < border]
    new = [row for row in rows if int(row[2]) >= border]
    return write(whole.parent / "old.csv", header, old), write(whole.parent / "new.csv", header, new), whole


def plain(log: Path, **sections):
    """The closed form, and weights as they are given: nothing that a whole training would choose otherwise."""
    config = quick_config(log, blend=False, baselines=False)
    trainer = config.trainer.model_copy(update={"engine": "spectral", "dims": 8})
    sessions = config.sessions.model_copy(update={"min_item_count": 1})
    recommender = RecommenderConfig(
        counts={name: COUNTS[name] for name in ("after", "recent")},
        item={"vectors": 1.0, "after": 0.5},
        session={"vectors": 1.0, "recent": 0.5, "popular.newest": 0.1},
    )
    return config.model_copy(update={"trainer": trainer, "sessions": sessions, "recommender": recommender, **sections})


def updated(models: Path, log: Path, later: bool = True, **events):
    return update(base_of(Registry(models), {"paths": (str(log),), **events}), models, LogReporter(), later, force=True)


def test_an_update_gives_what_a_whole_training_would(logs, tmp_path):
    old, new, whole = logs
    first = run(plain(old), tmp_path / "models", LogReporter(), force=True)
    second = updated(tmp_path / "models", new)
    wanted = run(plain(whole), tmp_path / "whole", LogReporter(), force=True)
    found = Registry(tmp_path / "models").open()
    expected = Registry(tmp_path / "whole").open()
    assert found.manifest.version == second.version
    assert found.json("vocabulary") == expected.json("vocabulary")
    for name in ARRAYS:
        assert np.array_equal(found.array(name), expected.array(name)), name
    for field in ("fingerprint", "events", "sessions", "items", "tokens", "first_event", "last_event"):
        assert getattr(second.manifest.data, field) == getattr(wanted.manifest.data, field), field
    facts = second.manifest.update
    assert (facts.base, facts.whole) == (first.version, first.version)
    assert facts.events == len(rows_of(new)) - 1
    assert second.report == first.report
    assert "evaluate" not in second.manifest.timings


@pytest.fixture(scope="module")
def typed(logs, tmp_path_factory):
    """The same, and a column e of what was booked and what was skipped."""
    folder, (old, _, whole) = tmp_path_factory.mktemp("typed"), logs
    header, *rows = rows_of(whole)
    rows = [[*row, "book" if i % 7 == 0 else "skip" if i % 11 == 0 else "view"] for i, row in enumerate(rows)]
    border = len(rows_of(old)) - 1
    parts = (("old", rows[:border]), ("new", rows[border:]), ("whole", rows))
    (folder / "items.csv").write_bytes((whole.parent / "items.csv").read_bytes())
    return [write(folder / f"{name}.csv", [*header, "e"], part) for name, part in parts]


TYPED = {"event_type": "e", "conversion_types": ("book",)}
SAID = {
    "age": {"sessions": {"half_life_days": 3}},
    "conversions": {"objective": {"conversion_context": 1.0, "conversion_weight": 3.0}, "events": TYPED},
    "segments": {"objective": {"segment": "category", "segment_negatives": 5}},
    "attributes": {"objective": {"attributes": ("category",)}, "trainer": {"engine": "sgns", "epochs": 2}},
    "walks": {"objective": {"walks": 2, "walk_length": 5}},
    "dislikes": {"events": {"event_type": "e", "dislike_types": ("skip",), "type_weights": {"book": 5}}},
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_so_it_does_where_the_log_says_more_than_order(typed, tmp_path, said):
    old, new, whole = typed

    def wanted(log: Path):
        config = plain(log)
        sections = {name: getattr(config, name).model_copy(update=values) for name, values in said.items()}
        return config.model_copy(update=sections)

    run(wanted(old), tmp_path / "models", LogReporter(), force=True)
    updated(tmp_path / "models", new)
    run(wanted(whole), tmp_path / "whole", LogReporter(), force=True)
    found, expected = (Registry(tmp_path / name).open() for name in ("models", "whole"))
    plainly = run(plain(whole), tmp_path / "plain", LogReporter(), force=True)
    for name in (*ARRAYS, "counts_after_weights", "counts_recent_weights"):
        assert np.array_equal(found.array(name), expected.array(name)), name
    other = Registry(tmp_path / "plain").open(plainly.version)
    assert not np.array_equal(found.array("inputs"), other.array("inputs"))


def test_what_the_model_has_seen_is_not_counted_twice(logs, tmp_path):
    old, _, whole = logs
    run(plain(old), tmp_path / "models", LogReporter(), force=True)
    one = updated(tmp_path / "models", whole)  # the whole log again, grown
    assert one.manifest.update.known_before == len(rows_of(old)) - 1
    with pytest.raises(UpdateImpossible, match="no session that is later"):
        updated(tmp_path / "models", whole)
    assert Registry(tmp_path / "models").current() == one.version


def test_updates_follow_each_other_and_say_since_when(logs, tmp_path):
    old, new, whole = logs
    header, *rows = rows_of(new)
    half = sorted(int(row[2]) for row in rows)[len(rows) // 2] // 3600 * 3600
    parts = [[r for r in rows if int(r[2]) < half], [r for r in rows if int(r[2]) >= half]]
    first = run(plain(old), tmp_path / "models", LogReporter(), force=True)
    for number, part in enumerate(parts):
        last = updated(tmp_path / "models", write(tmp_path / f"{number}.csv", header, part))
    assert last.manifest.update.whole == first.version != last.manifest.update.base
    assert last.manifest.update.tokens_since == last.manifest.data.tokens - first.manifest.data.tokens
    wanted = run(plain(whole), tmp_path / "whole", LogReporter(), force=True)
    assert last.manifest.data.fingerprint == wanted.manifest.data.fingerprint


def test_metadata_whose_file_is_gone_stays_as_it_was(logs, tmp_path):
    old, new, _ = logs
    items = tmp_path / "items.csv"
    items.write_bytes((old.parent / "items.csv").read_bytes())
    config = plain(old)
    config = config.model_copy(update={"events": config.events.model_copy(update={"items": (str(items),)})})
    run(config, tmp_path / "models", LogReporter(), force=True)
    items.unlink()
    assert updated(tmp_path / "models", new).manifest.config["events"]["items"] == []
    assert Model(Registry(tmp_path / "models").open()).catalogue.title("a1") == "Title of a1"


def test_a_rare_item_gets_a_vector_when_it_is_seen_often_enough(logs, tmp_path):
    old, new, _ = logs
    header, *rows = rows_of(new)
    begin = max(int(row[2]) for row in rows) + 86_400
    fresh = [
        [f"late {n}", item, str(begin + 86_400 * n + place)]
        for n in range(6)
        for place, item in enumerate(("just now", rows[0][1], rows[1][1]))
    ]
    config = plain(old)
    config = config.model_copy(update={"sessions": config.sessions.model_copy(update={"min_item_count": 5})})
    run(config, tmp_path / "models", LogReporter(), force=True)
    seldom = updated(tmp_path / "models", write(tmp_path / "a.csv", header, fresh[:9]))
    model = Model(Registry(tmp_path / "models").open())
    assert model.rare["just now"] == 3
    assert "just now" not in model.vocabulary
    often = updated(tmp_path / "models", write(tmp_path / "b.csv", header, fresh[9:]))
    model = Model(Registry(tmp_path / "models").open())
    assert "just now" in model.vocabulary
    assert model.similar("just now", 3)
    assert (seldom.manifest.update.items, often.manifest.update.items) == (0, 1)


def test_an_update_that_does_worse_than_popularity_is_kept_back(logs, tmp_path):
    old, new, _ = logs
    header, *rows = rows_of(new)
    begin = max(int(row[2]) for row in rows) + 86_400
    items = [item for item, _ in sorted(count_items(rows_of(old)[1:]).items(), key=lambda pair: -pair[1])]
    # What comes next is always the most popular item, whatever came before: nothing that vectors could tell.
    strange = [
        [f"late {n}", item, str(begin + 7200 * n + place)]
        for n in range(150)
        for place, item in enumerate((items[5 + n % 10], items[0]))
    ]
    before = run(plain(old), tmp_path / "models", LogReporter(), force=True).version
    path = write(tmp_path / "strange.csv", header, strange)
    base = base_of(Registry(tmp_path / "models"), {"paths": (str(path),)})
    kept = update(base, tmp_path / "models", LogReporter(), later=True)
    assert not kept.gate.accepted
    assert "worse than popularity on the new sessions" in kept.gate.reasons[0]
    assert Registry(tmp_path / "models").current() == before


def count_items(rows):
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[1]] = counts.get(row[1], 0) + 1
    return counts


def test_what_cannot_be_updated_says_why(logs, tmp_path, monkeypatch):
    old, new, _ = logs
    with pytest.raises(UpdateImpossible, match="no model serves yet"):
        updated(tmp_path / "nothing", new)
    config = plain(old)
    part = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"publish_all": False})})
    run(part, tmp_path / "part", LogReporter(), force=True)
    with pytest.raises(UpdateImpossible, match="part of its log"):
        updated(tmp_path / "part", new)
    with monkeypatch.context() as patch:  # as release 0.1 wrote it
        patch.setattr(assemble, "build_evidence", lambda *given: build_evidence(*given[:5]))
        run(config, tmp_path / "models", LogReporter(), force=True)
    with pytest.raises(UpdateImpossible, match="did not keep when sessions began"):
        updated(tmp_path / "models", new)
