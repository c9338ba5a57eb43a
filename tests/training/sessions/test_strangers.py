"""Users who are not known: who of a log is nobody, and what becomes of their events without and with a session."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from index.errors import EventsMissing, EventsRejected
from store.event import EventRow
from training.check.examine import examine
from training.config import SessionsConfig, TrainConfig
from training.eventsconfig import EventsConfig
from training.jobs.storedlog import values_of
from training.pipeline.prepare import Prepared, identity_of, prepare
from training.workspace import Workspace

START = 1_700_000_000
ITEMS = [f"i{n}" for n in range(12)]


def rows_of(users: list[str], sessions: int = 4, length: int = 3) -> list[dict[str, Any]]:
    """Each user has sessions of a few items, an hour apart."""
    return [
        {
            "user_id": user,
            "item_id": ITEMS[(number + session + place) % len(ITEMS)],
            "timestamp": START + session * 7200 + number + place * 60,
            "visit": f"{user}-{session}",
        }
        for number, user in enumerate(users)
        for session in range(sessions)
        for place in range(length)
    ]


def strangers(user: str, count: int) -> list[dict[str, Any]]:
    """Events a minute apart: of one user they would be one session."""
    return [
        {"user_id": user, "item_id": ITEMS[n * 5 % 12], "timestamp": START + n * 60, "visit": f"v{n // 2}"}
        for n in range(count)
    ]


def write(folder: Path, rows: list[dict[str, Any]], kind: str = "csv") -> Path:
    path = folder / f"log.{kind}"
    if kind == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def config_of(log: Path, max_user_events: int = 100_000, **events: Any) -> TrainConfig:
    rules = SessionsConfig(min_item_count=1, max_user_events=max_user_events)
    return TrainConfig(events=EventsConfig(paths=(str(log),), **events), sessions=rules)


def read(config: TrainConfig, folder: Path) -> tuple[Prepared, Any]:
    with Workspace(folder / "models", identity_of(config)) as work:
        return prepare(config, work), work.folder


PEOPLE = [f"u{n}" for n in range(25)]
KNOWN = rows_of(PEOPLE)


@pytest.mark.parametrize(
    "word", ["guest", "NA", "null", "NaN", "None", "Anonymous", "-1", "0", "(not set)", "n/a", "<NA>"]
)
def test_a_user_who_is_called_nobody_has_sessions_of_one_event(tmp_path, word):
    config = config_of(write(tmp_path, [*KNOWN, *strangers(word, 90)]), max_user_events=50)
    log, _ = read(config, tmp_path)
    assert len(log.corpus) == len(PEOPLE) * 4  # no session of strangers, and nobody is a bot
    assert log.counts.removed["unknown_users"] == 1
    assert log.counts.removed["unknown_events"] == 90
    assert log.counts.removed["bot_users"] == log.counts.removed["short_sessions"] == 0
    (finding,) = [f for f in log.findings if f.code == "placeholder_users"]
    assert f"{word!r} (90)" in finding.found
    assert "--max-user-events" not in finding.advice
    (checked,) = [f for f in examine(config).findings if f.code == "placeholder_users"]
    assert (checked.found, checked.samples) == (finding.found, [{"user": word, "events": 90}])


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_users_counted_from_zero_are_users(tmp_path, kind):
    rows = rows_of([str(n) for n in range(25)])
    log, _ = read(config_of(write(tmp_path, rows, kind)), tmp_path)
    assert len(log.corpus) == 25 * 4
    assert log.counts.removed["unknown_users"] == 0


def test_zero_with_a_third_of_the_log_is_nobody_although_one_two_and_three_are_there(tmp_path):
    rows = [*rows_of([str(n) for n in range(1, 26)]), *strangers("0", 200)]
    log, _ = read(config_of(write(tmp_path, rows)), tmp_path)
    assert (log.counts.removed["unknown_users"], len(log.corpus)) == (1, 100)


def test_whoever_owns_a_third_of_the_log_is_nobody_and_no_bot(tmp_path):
    config = config_of(write(tmp_path, [*KNOWN, *strangers("default", 400)]), max_user_events=50)
    log, _ = read(config, tmp_path)
    assert (log.counts.removed["unknown_events"], log.counts.removed["bot_users"], len(log.corpus)) == (400, 0, 100)
    (finding,) = [f for f in log.findings if f.code == "user_dominates"]
    assert "--unknown-users keep" in finding.advice
    assert "default" not in finding.found  # a manifest names no user; the check does
    (checked,) = [f for f in examine(config).findings if f.code == "user_dominates"]
    assert checked.samples == [{"user": "default", "events": 400}]


def test_one_of_few_people_may_own_a_third_of_the_log(tmp_path):
    rows = [*rows_of(["ann", "bob"]), *rows_of(["cy"], sessions=150)]
    log, _ = read(config_of(write(tmp_path, rows)), tmp_path)
    assert (log.counts.removed["unknown_users"], len(log.corpus)) == (0, 158)


def test_the_settings_keep_nobody_as_one_user(tmp_path):
    config = config_of(write(tmp_path, [*KNOWN, *strangers("guest", 90)]), unknown_users="keep")
    log, _ = read(config, tmp_path)
    assert len(log.corpus) == 101
    (finding,) = [f for f in log.findings if f.code == "placeholder_users"]
    assert "strangers" not in finding.found
    assert "'guest' (90)" in finding.found


def test_the_settings_reject_nobody_and_each_row_is_kept_with_its_number(tmp_path):
    rows = [*strangers("Guest", 2), *strangers("", 2), *KNOWN]
    log, folder = read(config_of(write(tmp_path, rows), unknown_users="reject"), tmp_path)
    assert log.counts.rejected == {"no_user": 4}
    assert log.counts.removed["unknown_users"] == 0
    rejects = pq.read_table(folder / "rejects.parquet").to_pylist()
    assert [(r["row"], r["reason"], r["user_id"]) for r in rejects] == [
        (1, "no_user", "Guest"),
        (2, "no_user", "Guest"),
        (3, "no_user", None),
        (4, "no_user", None),
    ]


def test_zero_is_rejected_only_where_it_is_nobody(tmp_path):
    counted = write(tmp_path, rows_of([str(n) for n in range(25)]))
    assert read(config_of(counted, unknown_users="reject"), tmp_path)[0].counts.rejected == {}
    other = write(tmp_path, [*KNOWN, *strangers("0", 6)])
    assert read(config_of(other, unknown_users="reject", time="timestamp"), tmp_path / "2")[0].counts.rejected == {
        "no_user": 6
    }


def test_rows_without_any_user_are_single_where_the_settings_say_so_and_else_rejected(tmp_path):
    rows = [*KNOWN, *strangers("", 90), *strangers("   ", 10)]
    path = write(tmp_path, rows)
    log, _ = read(config_of(path, unknown_users="single"), tmp_path)
    assert log.counts.rejected == {}
    assert (log.counts.removed["unknown_events"], len(log.corpus)) == (100, 100)
    assert "'' (100)" in next(f.found for f in log.findings if f.code == "placeholder_users")
    with pytest.raises(EventsRejected, match=r"100 no_user.*--session.*--unknown-users single"):
        read(config_of(path), tmp_path)


@pytest.mark.parametrize("word", ["", "NA", "guest", "0", "ANONYMOUS"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_given_session_stands_for_the_user_row_by_row(tmp_path, word, kind):
    rows = [*strangers(word, 80), *KNOWN]
    log, _ = read(config_of(write(tmp_path, rows, kind), max_user_events=50, session="visit"), tmp_path)
    assert len(log.corpus) == 140
    assert log.counts.rejected == {}
    assert log.counts.removed["bot_users"] == log.counts.removed["unknown_users"] == 0


def test_a_stored_guest_with_a_session_is_a_user_of_its_own():
    given = (("guest", "s"), ("ann", "s"), (None, "s"), ("0", None))
    rows = [EventRow("i", 1, user, session) for user, session in given]
    assert values_of(rows, "user_id") == ["s", "ann", "s", "0"]
    assert values_of(rows, "session_id") == ["s", "s", "s", None]


SAID = {"event_type": "kind", "dislike_types": ("skip",)}


def with_skips(rows: list[dict[str, Any]], every: int) -> list[dict[str, Any]]:
    """After each so many events the next item is skipped, half a minute later."""
    found = []
    for n, row in enumerate(rows):
        found.append(row | {"kind": "view"})
        if n % every == 0:
            item = ITEMS[(ITEMS.index(row["item_id"]) + 1) % len(ITEMS)]
            found.append(row | {"kind": "skip", "item_id": item, "timestamp": row["timestamp"] + 30})
    return found


def test_a_dislike_of_nobody_is_around_nothing_and_counted_with_the_other_events_of_nobody(tmp_path):
    rows = [*with_skips(KNOWN, 3), *with_skips(strangers("guest", 90), 2)]
    log, _ = read(config_of(write(tmp_path, rows), **SAID), tmp_path)
    alone, _ = read(config_of(write(tmp_path, with_skips(KNOWN, 3)), **SAID), tmp_path / "alone")
    assert len(log.corpus.dislikes) == len(alone.corpus.dislikes) == 100
    for name in ("sessions", "positions"):
        assert getattr(log.corpus.dislikes, name).tolist() == getattr(alone.corpus.dislikes, name).tolist()
    said, expected = (
        [each.vocabulary.ids[row] for row in each.corpus.dislikes.items.tolist()] for each in (log, alone)
    )
    assert said == expected
    assert log.counts.removed["unknown_events"] == 90 + 45
    assert log.counts.removed["lost_dislikes"] == log.counts.removed["repeats"] == 0
    total = len(log.corpus.tokens) + len(log.corpus.dislikes) + log.counts.removed["unknown_events"]
    assert total == log.counts.rows == len(rows)


def test_where_a_session_is_given_nobody_dislikes_as_others_do(tmp_path):
    rows = [*with_skips(KNOWN, 3), *with_skips(strangers("guest", 90), 2)]
    log, _ = read(config_of(write(tmp_path, rows), session="visit", **SAID), tmp_path)
    assert len(log.corpus.dislikes) == 145
    assert len(log.corpus) == 145
    assert log.counts.removed["unknown_events"] == log.counts.removed["lost_dislikes"] == 0


def test_rejected_and_kept_strangers_dislike_as_their_events_are_taken(tmp_path):
    rows = [*with_skips(KNOWN, 3), *with_skips(strangers("guest", 90), 2)]
    path = write(tmp_path, rows)
    rejected, _ = read(config_of(path, unknown_users="reject", max_bad_share=0.5, **SAID), tmp_path / "rejected")
    assert rejected.counts.rejected == {"no_user": 135}
    assert len(rejected.corpus.dislikes) == 100
    kept, _ = read(config_of(path, unknown_users="keep", **SAID), tmp_path / "kept")
    assert len(kept.corpus.dislikes) == 145
    assert len(kept.corpus) == 101


def test_a_log_of_strangers_who_mostly_dislike_is_told_that_they_are_strangers(tmp_path):
    config = config_of(write(tmp_path, with_skips(strangers("guest", 40), 1)), **SAID)
    with pytest.raises(EventsMissing, match="80 are of users who are not known"):
        read(config, tmp_path)
