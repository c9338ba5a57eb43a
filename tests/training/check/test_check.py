"""Looking at a log before training: each problem in a log of its own, and a clean log that has none."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from index.artifact.manifest import Data, Manifest
from index.errors import EventsError, EventsMissing, EventsRejected
from training.check import itemwords
from training.check.exam import Split
from training.check.examination import Examination, Repeats, Span
from training.check.examine import examine
from training.check.findings import Finding, Verdict
from training.check.forecast import Forecast, TrainingCost
from training.check.page import page
from training.check.tally import SAMPLES
from training.check.words import FINDINGS, OTHERWISE, words_of
from training.config import EvaluationConfig, SessionsConfig, TrainConfig
from training.eventsconfig import EventsConfig
from training.pipeline.prepare import prepare
from training.progress import LogReporter
from training.workspace import Workspace

Row = dict[str, Any]
START = int(datetime(2023, 11, 14, tzinfo=UTC).timestamp())
NOW = datetime(2023, 12, 15, tzinfo=UTC)
DAY = 86_400
PLAN = Forecast(
    tokens_per_second=100_000,
    trial_tokens=20_000,
    trial_seconds=1.0,
    trainings=[TrainingCost("to publish", 12_000, 2.0)],
    minutes=2.0,
    memory_mb=500,
    memory={"reading": 500, "training": 400},
    ram_mb=8000,
    failed=None,
)


def clean() -> list[Row]:
    """40 users with 5 sessions a day for 10 days, 6 different items in each, at different moments.

    Few users, because the time a test takes grows with the shards they fall into.
    """
    rng = np.random.default_rng(1)
    rows = []
    for user in range(40):
        for session in range(50):
            moment = START + session // 5 * DAY + session % 5 * 4 * 3600 + int(rng.integers(3600, 3 * 3600))
            for item in rng.permutation(300)[:6]:
                rows.append({"user_id": f"u{user}", "item_id": f"i{item}", "timestamp": moment})
                moment += int(rng.integers(20, 90))
    return rows


CLEAN = clean()


def changed(change: Callable[[int, Row], Row]) -> list[Row]:
    return [row | change(i, row) for i, row in enumerate(CLEAN)]


def walk(user: str, events: int, seconds: int, start: int = START, pause_after: int = 10**9) -> list[Row]:
    """One more user, with an event every so many seconds, and eight hours off after every `pause_after` events."""
    times = [start + i * seconds + i // pause_after * 8 * 3600 for i in range(events)]
    return [{"user_id": user, "item_id": f"i{i * 7 % 300}", "timestamp": t} for i, t in enumerate(times)]


def moment_of(row: Row) -> datetime:
    return datetime.fromtimestamp(row["timestamp"], UTC)


def dated(form: str, days: int = 0) -> list[Row]:
    """With times as text. days: so many earlier."""
    return changed(lambda i, r: {"timestamp": f"{moment_of(r) - timedelta(days=days):{form}}"})


@dataclass(frozen=True)
class Case:
    """A log with one problem. severity: what is made of it."""

    severity: str
    rows: list[Row] = field(default_factory=lambda: CLEAN)
    events: dict[str, Any] = field(default_factory=dict)
    sessions: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    empty: bool = False
    serving: Manifest | None = None


def served(sessions: int, events: int) -> Manifest:
    """Of a model that serves: as much as is read of it."""
    data = Data(fingerprint="", events=events, sessions=sessions, items=300, tokens=events)
    given: dict[str, Any] = {"config": {}, "recommender": {}, "libraries": {}, "index": {}, "timings": {}}
    return Manifest(version="20231201-000000", created=NOW, seed=1, data=data, trained_on="all", metrics=None, **given)


TYPED = changed(lambda i, _: {"event_type": "cancel" if i % 9 == 0 else "purchase"})
CASES = {
    "no_events": Case("stop", changed(lambda i, _: {"item_id": ""})),
    "nothing_left": Case("stop", sessions={"min_item_count": 100_000}),
    "no_test_part": Case("stop", evaluation={"test_from": "2030-01-01"}),
    "trial_failed": Case("stop", plan={"failed": "training diverged", "minutes": None}),
    "times_ambiguous": Case("stop", dated("%m/%d/%Y %H:%M", days=12)),
    "times_no_epoch": Case("stop", changed(lambda i, r: {"timestamp": f"{moment_of(r):%Y%m%d}"})),
    "rows_rejected": Case("note", changed(lambda i, _: {"user_id": ""} if i % 1000 == 0 else {})),
    "memory_short": Case("warn", plan={"ram_mb": 100}),
    "empty_files": Case("note", empty=True),
    "text_guessed": Case("note", events={"user": "1", "item": "2", "time": "3"}),
    "types_unused": Case("warn", TYPED),
    "session_unused": Case("note", changed(lambda i, _: {"session_id": i // 6})),
    "no_conversions": Case("warn", TYPED, {"event_type": "event_type", "conversion_types": ("booked",)}),
    "no_dislikes": Case("warn", TYPED, {"event_type": "event_type", "dislike_types": ("skipped",)}),
    "less_than_serving": Case("warn", serving=served(sessions=5000, events=30_000)),
    "little_data": Case("warn", CLEAN[:600]),
    "short_sessions": Case("warn", changed(lambda i, r: {"user_id": f"v{i}"} if i % 20 else {})),
    "rare_items": Case("warn", changed(lambda i, _: {"item_id": f"once{i}"} if i % 3 == 0 else {})),
    "immediate_repeats": Case("note", [r | {"timestamp": r["timestamp"] + s} for r in CLEAN for s in (0, 5)]),
    "repeated_items": Case("note", changed(lambda i, r: {"item_id": CLEAN[i - i % 6 + i % 2]["item_id"]})),
    "likely_bots": Case("warn", [*CLEAN, *walk("bot", 700, 2)]),
    "giant_sessions": Case("warn", [*CLEAN, *walk("giant", 1100, 60)]),
    "day_long_sessions": Case("note", [*CLEAN, *(r for u in "abc" for r in walk(u, 100, 1500))]),
    "user_dominates": Case("warn", [*CLEAN, *walk("kiosk", 6100, 60, pause_after=400), *walk("regular", 600, 900)]),
    "item_dominates": Case("warn", changed(lambda i, _: {"item_id": "home"} if i % 6 == 0 else {})),
    "duplicate_rows": Case("warn", [*CLEAN, *CLEAN[:300]]),
    "times_guessed": Case("note", dated("%m/%d/%Y %H:%M:%S")),
    "times_in_future": Case("warn", changed(lambda i, r: {"timestamp": r["timestamp"] + 99 * DAY} if i < 4 else {})),
    "times_in_far_past": Case("warn", changed(lambda i, r: {"timestamp": 0} if i % 500 == 0 else {})),
    "times_are_positions": Case("warn", changed(lambda i, _: {"user_id": f"s{i // 6}", "timestamp": i % 6})),
    "times_all_same": Case("warn", changed(lambda i, _: {"timestamp": START})),
    "times_are_dates": Case("warn", changed(lambda i, r: {"timestamp": r["timestamp"] // DAY * DAY})),
    "times_tied": Case("warn", changed(lambda i, _: {"timestamp": CLEAN[i - i % 6]["timestamp"]})),
    "units_mixed": Case("note", changed(lambda i, r: {"timestamp": r["timestamp"] * 1000} if i % 2 else {})),
    "days_missing": Case(
        "warn",
        changed(lambda i, r: {"timestamp": r["timestamp"] + 9 * DAY} if r["timestamp"] > START + 5 * DAY else {}),
    ),
    "ids_differ_by_space": Case("warn", changed(lambda i, r: {"item_id": r["item_id"] + " "} if i % 2 else {})),
    "ids_differ_by_case": Case("warn", changed(lambda i, r: {"item_id": r["item_id"].upper()} if i % 2 else {})),
    "placeholder_items": Case("warn", changed(lambda i, _: {"item_id": "undefined"} if i % 50 == 0 else {})),
    "placeholder_users": Case("warn", changed(lambda i, _: {"user_id": "guest"} if i % 50 == 0 else {})),
}


def visits(change: Callable[[int, Row], Row]) -> list[Row]:
    """With a session id: each six rows are a visit."""
    return changed(lambda i, row: {"session_id": i // 6} | change(i, row))


GIVEN = {"session": "session_id"}
# One of five next events is of the item just before it, and comes no sooner than the others.
AGAIN = changed(lambda i, _: {"item_id": CLEAN[i - 1]["item_id"]} if i % 6 == 3 else {})
# The same findings where something else holds, by the name of the case in its words.
SPECIAL = {
    ("no_events", "left_out"): Case("stop", TYPED, {"event_type": "event_type", "event_types": ("rented",)}),
    ("no_events", "times"): Case("stop", changed(lambda i, _: {"timestamp": "yesterday"})),
    ("no_events", "no_rows"): Case("stop", []),
    ("rows_rejected", "refused"): Case("stop", changed(lambda i, _: {"item_id": ""} if i % 5 == 0 else {})),
    ("rows_rejected", "refused_times"): Case(
        "stop", changed(lambda i, _: {"timestamp": "10:30"} if i % 5 == 0 else {})
    ),
    ("short_sessions", "sessions_given"): Case("warn", visits(lambda i, _: {"session_id": i if i % 20 else -i}), GIVEN),
    ("immediate_repeats", "kept"): Case("warn", CASES["immediate_repeats"].rows, {}, {"collapse_repeats": False}),
    ("immediate_repeats", "real"): Case("warn", AGAIN, {}, {"collapse_repeats": True}),
    ("immediate_repeats", "real_kept"): Case("note", AGAIN),
    ("immediate_repeats", "steps"): Case("note", [r | {"type": "view"} for r in AGAIN], {"event_type": "type"}),
    ("likely_bots", "left_out"): Case("note", CASES["likely_bots"].rows, {}, {"max_user_events": 500}),
    ("user_dominates", "unknown"): Case("warn", [*CLEAN, *walk("kiosk", 8000, 60, pause_after=400)]),
    ("placeholder_users", "kept"): Case("warn", CASES["placeholder_users"].rows, {"unknown_users": "keep"}),
    ("day_long_sessions", "sessions_given"): Case("warn", visits(lambda i, r: {"session_id": r["user_id"]}), GIVEN),
    ("times_are_positions", "sessions_given"): Case("note", visits(lambda i, _: {"timestamp": i % 6}), GIVEN),
    ("times_all_same", "sessions_given"): Case("note", visits(lambda i, _: {"timestamp": START}), GIVEN),
    ("times_are_dates", "sessions_given"): Case(
        "note", visits(lambda i, r: {"timestamp": r["timestamp"] // DAY * DAY}), GIVEN
    ),
    ("units_mixed", "unit_given"): Case("warn", CASES["units_mixed"].rows, {"time_unit": "ms"}),
}


def write(folder: Path, rows: list[Row], kind: str = "csv") -> Path:
    path = folder / f"log.{kind}"
    if kind == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0] if rows else CLEAN[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def config_of(*paths: Path, **sections: Any) -> TrainConfig:
    events = EventsConfig(paths=tuple(map(str, paths)), **sections.get("events", {}))
    return TrainConfig(
        events=events,
        sessions=SessionsConfig(**sections.get("sessions", {})),
        evaluation=EvaluationConfig(**sections.get("evaluation", {})),
    )


def check(*paths: Path, plan: Forecast = PLAN, serving: Manifest | None = None, **sections: Any) -> Examination:
    return examine(config_of(*paths, **sections), now=NOW, forecaster=lambda *_: plan, serving=serving)


def by_code(found: Examination) -> dict[str, Finding]:
    return {finding.code: finding for finding in found.findings}


def said(template: str, text: str) -> bool:
    """Whether the text is the template, with something in its fields."""
    return re.fullmatch(re.sub(r"\\\{.*?\\\}", ".+", re.escape(template)), text) is not None


def text_of(found: Examination, width: int = 100, soft_wrap: bool = False) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, soft_wrap=soft_wrap).print(page(found))
    return out.getvalue()


def test_dislikes_that_lie_in_no_session_are_counted(tmp_path: Path) -> None:
    rows = changed(lambda i, _: {"kind": "view"})
    rows += [row | {"kind": "skip", "user_id": f"v{n}"} for n, row in enumerate(rows[:7])]
    found = check(write(tmp_path, rows), events={"event_type": "kind", "dislike_types": ("skip",)})
    assert found.after_rules is not None
    assert found.after_rules.removed["lost_dislikes"] == 7
    assert re.search(r"- dislikes\s+7\s+of items below --min-item-count, or in no session", text_of(found))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_clean_log_is_ready_to_train_in_every_format(tmp_path: Path, kind: str) -> None:
    found = check(write(tmp_path, CLEAN, kind))
    assert found.findings == []
    assert found.verdict == Verdict("ready", "ready to train")
    assert (found.events, found.users, found.sessions, found.items) == (12_000, 40, 2_000, 300)
    assert found.lengths.before == found.lengths.after == [0, 0, 0, 2_000, 0, 0, 0, 0, 0]
    assert found.time.kind == "clock"
    assert found.split is not None
    assert (found.split.kind, found.split.test_sessions) == ("time", 200)


def test_every_finding_has_a_log_that_shows_it() -> None:
    assert sorted(CASES) == sorted(FINDINGS.keys() - itemwords.WORDS.keys())  # those have test_metadata.py


@pytest.mark.parametrize("code", CASES)
def test_log_with_the_problem_shows_it(tmp_path: Path, code: str) -> None:
    case = CASES[code]
    paths = [write(tmp_path, case.rows)]
    if case.empty:
        paths.append(tmp_path / "empty.csv")
        paths[-1].touch()
    sections = {"events": case.events, "sessions": case.sessions, "evaluation": case.evaluation}
    found = check(*paths, plan=replace(PLAN, **case.plan), serving=case.serving, **sections)
    finding = by_code(found)[code]
    assert finding.severity == case.severity
    assert finding.title == FINDINGS[code].title
    assert {text[-1] for text in (finding.found, finding.effect, finding.advice)} <= {".", "?"}
    assert len(finding.samples) <= SAMPLES
    assert found.verdict.level != "ready" or case.severity == "note"
    document = found.to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    text = text_of(found)
    assert code in text
    assert max(map(len, text.splitlines())) <= 100


def test_every_special_case_of_a_finding_has_a_log_that_shows_it() -> None:
    assert sorted(SPECIAL) == sorted(OTHERWISE)


@pytest.mark.parametrize(("code", "special"), SPECIAL)
def test_finding_reads_differently_where_something_else_holds(tmp_path: Path, code: str, special: str) -> None:
    case = SPECIAL[code, special]
    found = check(write(tmp_path, case.rows), events=case.events, sessions=case.sessions)
    finding, words = by_code(found)[code], words_of(code, special)
    assert finding.severity == case.severity
    assert said(words.found, finding.found)
    assert said(words.effect, finding.effect)
    assert said(words.advice.replace("{unit}", ""), finding.advice) or said(words.advice, finding.advice)


class Told(LogReporter):
    """Keeps what a run notes."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[tuple[str, dict[str, Any]]] = []

    def note(self, event: str, **facts: Any) -> None:
        self.notes.append((event, facts))


# What only a check says: what a training will cost. And what is said at another moment of a run: see look_ahead.
FORETOLD = {"trial_failed", "memory_short", "less_than_serving"}
BEFORE_THE_ROWS = {"times_ambiguous", "times_no_epoch"}  # these stop a training before it reads any
OF_THE_ROWS = {"no_events", "rows_rejected", "types_unused", "no_conversions", "no_dislikes", "units_mixed"}


@pytest.mark.parametrize("name", [*CASES, *SPECIAL], ids=str)
def test_a_training_says_of_a_log_what_a_check_says(tmp_path: Path, name: Any) -> None:
    case = CASES[name] if isinstance(name, str) else SPECIAL[name]
    log = write(tmp_path, case.rows)
    sections = {"events": case.events, "sessions": case.sessions, "evaluation": case.evaluation}
    checked = [f for f in check(log, **sections).findings if f.severity != "note" and f.code not in FORETOLD]
    told = Told()
    with Workspace(tmp_path / "models", {}, told) as work:
        try:
            log_read, refused = prepare(config_of(log, **sections), work, NOW), None
        except EventsError as error:
            log_read, refused = None, error
    words = [("stop" if f.severity == "stop" else "warning", f.code, f.found, f.advice) for f in checked]
    if isinstance(refused, EventsRejected):  # while it was read: what is known of sessions by then is not all
        words = [each for each in words if each[1] in OF_THE_ROWS]
    elif refused is not None and any(f.severity == "stop" and f.code in BEFORE_THE_ROWS for f in checked):
        words = [each for each in words if each[1] in BEFORE_THE_ROWS]
    said = [(event, f["finding"], f["found"], f["advice"]) for event, f in told.notes if "finding" in f]
    assert said == words
    assert (refused is None) == all(f.severity != "stop" for f in checked)
    if log_read is not None:
        assert [f.code for f in log_read.findings] == [f.code for f in checked]


def test_a_unit_that_may_be_wrong_is_named_where_times_look_like_positions(tmp_path: Path) -> None:
    log = write(tmp_path, CASES["times_are_positions"].rows)
    assert "--time-unit s is wrong" in by_code(check(log, events={"time_unit": "s"}))["times_are_positions"].advice
    assert "--time-unit" not in by_code(check(log))["times_are_positions"].advice


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_rejected_rows_are_shown_with_file_row_and_value(tmp_path: Path, kind: str) -> None:
    rows = changed(lambda i, r: {"user_id": "" if i % 100 == 7 else r["user_id"], "timestamp": str(r["timestamp"])})
    rows[41] |= {"timestamp": "yesterday"}
    log = write(tmp_path, rows, kind)
    found = check(log)
    rejected = found.rows.rejected
    assert {reason: r.rows for reason, r in rejected.items()} == {"no_user": 120, "bad_time": 1}
    assert rejected["bad_time"].samples == [
        {"file": str(log), "row": 42, "user": rows[41]["user_id"], "item": rows[41]["item_id"], "time": "yesterday"}
    ]
    assert [s["row"] for s in rejected["no_user"].samples] == [8, 108, 208]
    assert f"log.{kind}, row 42: user" in text_of(found)


def test_too_many_bad_rows_are_reported_and_not_refused(tmp_path: Path) -> None:
    found = check(write(tmp_path, changed(lambda i, _: {"item_id": ""} if i % 5 == 0 else {})))
    finding = by_code(found)["rows_rejected"]
    assert finding.severity == "stop"
    assert finding.share == pytest.approx(0.2)
    assert found.verdict.text.startswith("do not train yet: rows that cannot be events")
    assert found.events == 9_600


def test_log_that_cannot_be_opened_raises_what_training_would_raise(tmp_path: Path) -> None:
    with pytest.raises(EventsMissing, match="does not exist"):
        check(tmp_path / "nothing.csv")


def test_examples_name_users_items_and_sessions_of_the_log(tmp_path: Path) -> None:
    rows = [
        *changed(lambda i, _: {"session_id": f"s{i // 6}"}),
        *(r | {"session_id": "loop"} for r in walk("bot", 1100, 2)),
    ]
    findings = by_code(check(write(tmp_path, rows), events={"session": "session_id"}))
    assert findings["likely_bots"].samples == [{"user": "bot", "events": 1100, "why": "600 events within half an hour"}]
    giant = {"user": "bot", "session": "loop", "from": "2023-11-14 00:00:00", "events": 1100}
    assert findings["giant_sessions"].samples == [giant]


def test_users_above_the_ceiling_are_left_out_and_only_noted(tmp_path: Path) -> None:
    log = write(tmp_path, [*CLEAN, *walk("bot", 700, 2)])
    found = check(log, sessions={"max_user_events": 500})
    assert by_code(found)["likely_bots"].severity == "note"
    assert found.after_rules is not None
    assert found.after_rules.removed["bot_users"] == 1
    assert found.verdict.level == "ready"


def test_basket_of_one_moment_is_not_a_bot(tmp_path: Path) -> None:
    found = check(write(tmp_path, [*CLEAN, *walk("buyer", 700, 0)]))
    assert "likely_bots" not in by_code(found)


def test_duplicates_and_repeats_are_counted_exactly(tmp_path: Path) -> None:
    rows = [
        {"user_id": user, "item_id": item, "timestamp": START + seconds}
        for user, item, seconds in [
            *(("u", i, s) for s, i in enumerate("aabca")),
            *[("v", "a", 0), ("v", "b", 0), ("v", "a", 0), ("v", "a", 0), ("v", "b", 9)],
        ]
    ]
    found = check(write(tmp_path, rows), sessions={"min_item_count": 1})
    # u: a a, and a again; v: the two copies of a, of which one follows at once, and b again.
    assert found.repeats == Repeats(immediate=2, in_session=5, duplicates=2)


def test_counter_over_the_whole_log_is_told_from_positions(tmp_path: Path) -> None:
    rows = changed(lambda i, _: {"user_id": f"s{i // 6}", "timestamp": 1000 + i})
    found = check(write(tmp_path, rows), events={"session": "user_id"})
    assert found.time == Span("counter", first=1000.0, last=12_999.0, days=None)
    finding = by_code(found)["times_are_positions"]
    assert finding.severity == "note"
    assert "from 1,000 to 12,999" in finding.found


def test_split_is_announced_as_the_settings_ask(tmp_path: Path) -> None:
    log = write(tmp_path, CLEAN)
    assert check(log, evaluation={"split": "session"}).split == Split("session", 200, None)
    assert check(log, evaluation={"split": "last"}).split == Split("last", 2_000, None)
    found = check(log, evaluation={"test_from": "2023-11-23"})
    assert found.split is not None
    assert found.split.kind == "time"
    assert found.to_json()["split"]["from"].startswith("2023-11-23T")


def test_log_without_users_is_read_by_its_sessions(tmp_path: Path) -> None:
    rows = [{"visit": i // 6, "item_id": r["item_id"], "timestamp": r["timestamp"]} for i, r in enumerate(CLEAN)]
    found = check(write(tmp_path, rows, "parquet"), events={"session": "visit"})
    assert found.findings == []
    assert found.sessions == 2_000


def test_memory_beyond_the_budget_goes_to_disk_and_changes_nothing(tmp_path: Path) -> None:
    log = write(tmp_path, CLEAN)
    small, large = (check(log, events={"memory_mb": mb}) for mb in (200, 2000))
    assert replace(small, seconds=0) == replace(large, seconds=0)


def test_page_fits_a_terminal_of_80_columns_also_without_wrapping(tmp_path: Path) -> None:
    log = write(tmp_path, changed(lambda i, _: {"user_id": "" if i % 5 == 0 else "guest", "event_type": str(i % 3)}))
    found = check(log)
    text = text_of(found, width=80)
    assert text == text_of(found, width=80, soft_wrap=True)
    assert max(map(len, text.splitlines())) <= 80
    for heading in ("The log", "Rows that cannot be events", "Sessions by", "Findings", "Verdict: do not train yet"):
        assert heading in text
    assert text.index("stop  ") < text.index("warn  ")


def test_how_text_is_read_is_on_the_page_and_a_guess_of_its_encoding_is_a_warning(tmp_path: Path) -> None:
    log = write(tmp_path, changed(lambda i, r: {"item_id": f"книга {r['item_id']}"}))
    assert "CSV in UTF-8, ',' between the columns, names in the first line" in text_of(check(log))
    text = log.read_text()
    log.write_text(text, encoding="cp1251")
    found = check(log)
    finding = by_code(found)["text_guessed"]
    assert finding.severity == "warn"
    assert "encoding cp1251, by guess (--encoding)" in finding.found
    assert finding.samples[0]["text"].startswith("книга i")
    assert found.files.read_as == ["CSV in CP1251, ',' between the columns, names in the first line"]
    named = check(log, events={"encoding": "cp1251"})
    assert named.findings == []
    assert (named.events, named.items) == (found.events, found.items)


def test_page_of_an_empty_log_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user_id,item_id,timestamp\n")
    found = check(log)
    assert by_code(found)["no_events"].to_json()["message"].startswith("The log has no rows. ")
    assert "do not train yet: no row of the log is an event" in text_of(found)
