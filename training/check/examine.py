"""The data doctor, `item2vec check`: before any training, the facts that decide what a model of this log is worth.

The log is read once, in streaming. Only what goes into the report as an example is looked up afterwards: rejected rows
by their number, ids by their hash, and the first rows of each file for units and event types.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import ConfigError, EventsMissing
from training.check import clock as doctor_clock
from training.check import ids as doctor_ids
from training.check import people as doctor_people
from training.check import rows as doctor_log
from training.check.census import DAY, SAMPLES, Census, Tally
from training.check.findings import FINDINGS, PLACEHOLDERS, Exam, Finding, verdict
from training.check.forecast import forecast
from training.check.lookups import any_has, hashes_of, ids_of, samples_of, session_column, types_of, units_of
from training.check.page import page
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.split import kind_of
from training.events.reader import EventBatch, EventReader
from training.events.source import Sources
from training.events.sources import open_sources
from training.events.sql import connect
from training.progress import Reporter, Step
from training.sessions.cut import gap_micros, sessionise
from training.sessions.encode import Sessions

__all__ = ["FINDINGS", "examine", "page"]

BUCKETS = ((1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 999), (1000, None))
SEVERITIES = ("stop", "warn", "note")
CHECKS: tuple[Callable[[Exam], Iterator[Finding]], ...] = (
    doctor_log.rows,
    doctor_log.after_rules,
    doctor_log.costs,
    doctor_log.columns,
    doctor_clock.no_clock,
    doctor_clock.wrong_days,
    doctor_clock.shared_moments,
    doctor_people.bots,
    doctor_people.dominant_item,
    doctor_people.long_sessions,
    doctor_people.duplicates,
    doctor_ids.ids,
    doctor_people.repeats,
    doctor_clock.mixed_units,
    doctor_clock.missing_days,
)


def examine(
    config: TrainConfig,
    progress: Reporter | None = None,
    now: datetime | None = None,
    forecaster: Callable[[Corpus, TrainConfig, int], dict[str, Any]] = forecast,
) -> dict[str, Any]:
    """What the log holds, what is wrong with it, and what training on it will cost; plain values, ready for JSON.

    files       count, bytes, first (up to 3 names), empty (names)
    rows        read, accepted, rejected (reason -> {rows, share, samples}), left_out (rule of the settings -> rows)
    events, users, sessions, items    of the accepted events, before any rule
    median      events per user, per session and per item: {user, session, item}
    time        kind (clock, positions, counter, same or none), first, last (ISO 8601, or numbers), days
    lengths     sessions of each length: buckets (labels), before and after the rules (counts)
    repeats     immediate, in_session, duplicates: events
    after_rules sessions, items, tokens, rare_items, rare_events, removed (rule -> count), or None when nothing is left
    split       kind, test_sessions, from (ISO 8601 or None), or None
    forecast    see `forecast`, or None
    findings    list of {code, severity (stop, warn or note), title, count, share, message (found, effect and advice in
                one), found, effect, advice, samples}, stops first
    verdict     {level (ready, look or stop), text}
    seconds     that the examination took

    Bad rows are reported and never stop it. now: what is later is the future. forecaster: (corpus, config, events in
    the log) -> the forecast. Raises EventsError where the log cannot be opened at all.
    """
    started = time.perf_counter()
    now = datetime.now(UTC) if now is None else now
    # The events are held twice for a moment, by the census and by the rules: each gets half of the memory.
    half = max(100, config.events.memory_mb // 2)
    settings = config.events.model_copy(update={"max_bad_share": 1.0, "memory_mb": half})
    gap = gap_micros(config.sessions, settings.session is not None)
    with tempfile.TemporaryDirectory(prefix="item2vec-check-") as folder:
        connection = connect(config.events.memory_mb, folder)
        sources = open_sources(settings, connection)
        rejects = Path(folder) / "rejects.parquet"
        reader = EventReader(sources, settings, connection, config.sessions.min_dwell, rejects)
        nobody = hashes_of(connection, PLACEHOLDERS)
        with Census(half, gap, int(now.timestamp() * 1e6), nobody, Path(folder)) as census:
            with step(progress, "read", "rows") as reading:
                for batch in reader:
                    census.see(batch)
                    reading.count(reader.counts.rows)
                reading.facts |= {"rows": reader.counts.rows, "events": census.events}
            items = census.items()
            with step(progress, "sessions") as cutting:
                sessions, nothing_left = after_the_rules(census.replay(items), config, half, cutting)
        plan, split, no_split = None, None, ""
        if sessions is not None:
            split, no_split = split_of(sessions.corpus, config)
            with step(progress, "forecast"):
                plan = forecaster(sessions.corpus, config, census.events)
        exam = Exam(
            config=config,
            now=now,
            counts=reader.counts,
            rejects=samples_of(connection, rejects) if rejects.exists() else {},
            events=census.events,
            converted=census.converted,
            clock=census.clock,
            people=census.people,
            items=items,
            occurrences=census.counts,
            sessions=sessions,
            nothing_left=nothing_left,
            no_split=no_split,
            forecast=plan,
            session_column=session_column(sources, settings),
            types=types_of(connection, sources, settings),
            units=units_of(connection, sources, settings),
        )
        found = sorted((f for check in CHECKS for f in check(exam)), key=lambda f: SEVERITIES.index(f.severity))
        with step(progress, "examples"):
            user = settings.user if any_has(sources, settings.user) else settings.session
            names = ids_of(connection, sources, user, {h for f in found for h in f.hashes("user")})
            names |= ids_of(connection, sources, settings.session, {h for f in found for h in f.hashes("session")})
        connection.close()
    level, text = verdict(found)
    return {
        **facts(exam, sources, split),
        "forecast": plan,
        "findings": [f.as_dict(names) for f in found],
        "verdict": {"level": level, "text": text},
        "seconds": round(time.perf_counter() - started, 1),
    }


def step(progress: Reporter | None, name: str, unit: str = "") -> AbstractContextManager[Step]:
    """A step of the progress report; without one, silence."""
    return nullcontext(Step()) if progress is None else progress.step(name, unit=unit)


def after_the_rules(
    batches: Iterable[EventBatch], config: TrainConfig, budget_mb: int, step: Step
) -> tuple[Sessions | None, str]:
    """The sessions a training would get; or None, and why nothing is left."""
    by_session, threads = config.events.session is not None, config.trainer.workers
    try:
        return sessionise(batches, config.sessions, by_session, budget_mb, threads, progress=step.share), ""
    except EventsMissing as error:
        return None, error.short


def split_of(corpus: Corpus, config: TrainConfig) -> tuple[dict[str, Any] | None, str]:
    """How a run would cut off its test part, from the session starts alone; or None, and why it could not."""
    settings = config.evaluation
    kind = kind_of(corpus, settings)
    sessions = len(corpus)
    if kind == "last":
        return {"kind": kind, "test_sessions": sessions, "from": None}, ""
    held = round(sessions * settings.test_share)
    begin = None
    if kind == "time":
        if settings.test_from is not None:
            try:
                moment = datetime.fromisoformat(settings.test_from)
            except ValueError:
                raise ConfigError(f"test_from: {settings.test_from!r} is no ISO 8601 time") from None
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            held = int((corpus.starts >= int(moment.timestamp() * 1e6)).sum())
        begin = int(corpus.starts[sessions - held]) if held else None
    if not 0 < held < sessions:
        return None, f"Of {sessions:,} sessions {held:,} would be held out to measure on"
    return {"kind": kind, "test_sessions": held, "from": begin}, ""


def facts(exam: Exam, sources: Sources, split: dict[str, Any] | None) -> dict[str, Any]:
    people, clock, counts = exam.people, exam.clock, exam.counts
    real = exam.clock_kind in ("clock", "same")

    def moment(micros: int) -> Any:
        return datetime.fromtimestamp(micros / 1e6, UTC).isoformat() if real else micros / 1e6

    rows = max(counts.rows, 1)
    after, lengths = None, Tally(BUCKETS[-1][0])
    if exam.sessions is not None:
        corpus, rules = exam.sessions.corpus, exam.sessions.counts
        lengths.add(corpus.lengths())
        after = {
            "sessions": len(corpus),
            "items": corpus.items,
            "tokens": len(corpus.tokens),
            "rare_items": rules.rare_items,
            "rare_events": rules.rare_events,
            "removed": rules.removed(),
        }
    if split is not None and split["from"] is not None:
        split = split | {"from": moment(split["from"])}
    return {
        "files": {
            "count": len(sources.files) + len(sources.empty),
            "bytes": sum(os.path.getsize(f) for f in sources.files),
            "first": sources.files[:SAMPLES],
            "empty": list(sources.empty[:SAMPLES]),
        },
        "rows": {
            "read": counts.rows,
            "accepted": exam.events,
            "rejected": {
                reason: {"rows": n, "share": n / rows, "samples": exam.rejects.get(reason, [])}
                for reason, n in counts.rejected.items()
            },
            "left_out": counts.dropped,
        },
        "events": exam.events,
        "users": people.users.total(),
        "sessions": people.sessions.total(),
        "items": len(exam.items),
        "median": {
            "user": people.users.median(),
            "session": people.sessions.median(),
            "item": int(np.median(exam.occurrences)) if len(exam.items) else 0,
        },
        "time": {
            "kind": exam.clock_kind,
            "first": moment(clock.first) if exam.events else None,
            "last": moment(clock.last) if exam.events else None,
            "days": round((clock.last - clock.first) / DAY, 2) if real and exam.events else None,
        },
        "lengths": {
            "buckets": [str(a) if a == b else f"{a}+" if b is None else f"{a}-{b}" for a, b in BUCKETS],
            "before": [people.sessions.within(a, b) for a, b in BUCKETS],
            "after": [lengths.within(a, b) for a, b in BUCKETS],
        },
        "repeats": {
            "immediate": people.immediate,
            "in_session": people.repeated,
            "duplicates": people.duplicates,
        },
        "after_rules": after,
        "split": split,
    }
