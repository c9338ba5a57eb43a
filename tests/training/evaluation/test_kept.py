"""What a new model keeps of the one that serves: of its log, of its items, and of what is asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support.factories import corpus_of

from index.artifact.directory import Artifact
from index.artifact.manifest import Data, Manifest
from index.model import Model
from training.evaluation.kept import Answers, Extent, Newest, items_kept, log_kept
from training.replacement import GateConfig

FROZEN = Path(__file__).parents[2] / "data" / "artifacts" / "v1"
LIMITS = GateConfig()
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def manifest(sessions=1000, events=5000, last=THEN, created=THEN):
    data = Data(fingerprint="", events=events, sessions=sessions, items=10, tokens=events, last_event=last)
    return Manifest(
        version="20260101-000000",
        created=created,
        config={},
        recommender={},
        seed=1,
        libraries={},
        data=data,
        trained_on="all",
        index={},
        metrics=None,
        timings={},
    )


def answers(ids, events):
    """events: item -> how many of the newest events are of it."""
    return Answers(set(ids), Newest(list(events), np.array([*events.values()], dtype=np.int64)))


def items(first, last):
    return {f"i{n}": 10 for n in range(first, last)}


def reasons(before, now, limits=LIMITS):
    return items_kept("V", before, now, limits).reasons


def test_the_same_log_again_is_kept_whole():
    now = Extent(1000, 5000, THEN)
    point = log_kept(manifest(), now, LIMITS)
    assert (point.reasons, point.notes) == ([], [])
    assert point.figures["sessions_kept"] == [1.0, 1000, 1000]
    assert point.figures["days_back"] == [0.0]


def test_half_a_log_is_refused_with_the_numbers():
    (reason,) = log_kept(manifest(), Extent(500, 2550, THEN), LIMITS).reasons
    assert reason == (
        "trained on 500 sessions with 2,550 events, version 20260101-000000 on 1,000 with 5,000: 51 % are left "
        "(gate.log_kept asks for 60 %)"
    )
    assert log_kept(manifest(), Extent(500, 2550, THEN), GateConfig(log_kept=0.5)).reasons == []


@pytest.mark.parametrize(("sessions", "events"), [(100, 4900), (990, 2000)])
def test_rules_that_cut_sessions_otherwise_are_no_smaller_log(sessions, events):
    assert log_kept(manifest(), Extent(sessions, events, THEN), LIMITS).reasons == []


def test_a_log_that_goes_back_in_time_is_refused():
    old = Extent(1000, 5000, THEN - timedelta(days=31))
    (reason,) = log_kept(manifest(), old, LIMITS).reasons
    assert "2025-12-01 00:00 UTC, 31.0 days before" in reason
    assert log_kept(manifest(), old, GateConfig(days_back=40)).reasons == []


def test_a_wrong_time_in_the_future_does_not_refuse_all_later_logs():
    served = manifest(last=THEN + timedelta(days=3000), created=THEN)
    assert log_kept(served, Extent(1000, 5000, THEN + timedelta(days=1)), LIMITS).reasons == []


def test_a_log_without_a_clock_has_no_age_and_says_so():
    with_clock, without = Extent(900, 5000, THEN), Extent(900, 5000, None)
    assert "version 20260101-000000 has no clock" in log_kept(manifest(last=None), with_clock, LIMITS).notes[0]
    assert "the log has no clock" in log_kept(manifest(), without, LIMITS).notes[0]


def test_the_extent_of_a_corpus_without_a_clock_has_no_last_event():
    sessions = [[0, 1]] * 30
    assert Extent.of(corpus_of(sessions)) == Extent(30, 60, datetime(2023, 11, 16, 3, 13, 21, tzinfo=UTC))
    assert Extent.of(corpus_of(sessions, gap=0)).last is None


def test_a_gutted_catalogue_is_refused_for_its_items_and_for_the_events():
    """The log is whole: of its newest events, most are of items that were left out of the model."""
    log = items(0, 100)
    found = reasons(answers(log, log), answers(items(0, 4), log))
    assert found[0].startswith("4 of the 100 items that serve would be left, 4 %")
    assert found[1].startswith("4 % of the newest events could be answered, version V answers 100 %")


def test_a_category_that_is_missing_in_the_log_is_refused():
    """The new model answers all of its own log: only the events before show what is gone."""
    (found,) = reasons(answers(items(0, 100), items(0, 100)), answers(items(0, 70), items(0, 70)))
    assert found.startswith("70 % of the newest events that version V was trained on could be answered, and only 0 %")


@pytest.mark.parametrize("gone", [25, 50, 79])
def test_a_catalogue_of_which_a_part_is_replaced_passes(gone):
    """As in fashion or homes, in a log that holds the last weeks only: as much came as went."""
    before, now = answers(items(0, 100), items(0, 100)), answers(items(gone, 100 + gone), items(gone, 100 + gone))
    assert reasons(before, now) == []


def test_a_catalogue_that_is_news_passes_where_its_team_says_so():
    before, now = answers(items(0, 100), items(0, 100)), answers(items(100, 200), items(100, 200))
    assert reasons(before, now)[0].startswith("0 of the 100 items that serve would be left")
    assert reasons(before, now, GateConfig(items_kept=0)) == []


def test_many_rare_items_may_go():
    """A higher min_item_count: half of the items have few events."""
    log = items(0, 50) | {f"rare{n}": 1 for n in range(50)}
    assert reasons(answers(log, log), answers(items(0, 50), log)) == []


def test_new_items_that_nobody_can_answer_yet_are_no_reason():
    """They are too rare for a vector, for the model that serves as well."""
    log = items(0, 20) | items(200, 280)
    assert reasons(answers(items(0, 100), items(0, 100)), answers(items(0, 100), log)) == []


def test_the_artifact_of_the_first_release_can_be_asked():
    """It has all that is asked for but when sessions began."""
    frozen = Artifact.open(FROZEN)
    model = Model(frozen)
    found = Answers.of(model)
    assert found.newest.counts.sum() < model.vocabulary.counts.sum() / 4
    assert found.newest.answered(found.ids) == 1.0
    now = Extent(frozen.manifest.data.sessions, frozen.manifest.data.tokens, None)
    assert log_kept(frozen.manifest, now, LIMITS).reasons == []
    assert items_kept("V", found, found, LIMITS).reasons == []
