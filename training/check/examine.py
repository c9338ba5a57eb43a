"""`item2vec check`: before any training, the facts that decide what a model of this log is worth.

The log is read once, in streaming. Only what goes into the report as an example is looked up afterwards: rejected rows
by their number, ids by their hash, and the first rows of each file for units and event types.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from index.artifact.manifest import Manifest
from index.errors import EventsMissing
from training.check.census import Census
from training.check.checks import clock, corpus, ids, people, rows
from training.check.exam import PLACEHOLDERS, Exam, Split
from training.check.examination import Examination, report
from training.check.findings import Finding
from training.check.forecast import Forecast, forecast
from training.check.lookups import hashes_of, ids_of, samples_of, session_column, types_of, units_of
from training.check.tally import Clock
from training.config import EventsConfig, TrainConfig
from training.corpus import Corpus
from training.evaluation.split import cut_test
from training.events.reader import EventBatch, EventReader
from training.events.source import Sources
from training.events.sources import open_sources
from training.events.sql import connect
from training.progress import Reporter, Step
from training.sessions.cut import gap_micros, sessionise
from training.sessions.encode import Sessions
from training.sessions.repeats import rules_of

SEVERITIES = ("stop", "warn", "note")
# In the order of the report, within each severity.
CHECKS: tuple[Callable[[Exam], Iterator[Finding]], ...] = (
    rows.empty_files,
    clock.ambiguous_dates,
    clock.no_epoch,
    rows.bad_rows,
    corpus.short_sessions,
    corpus.after_rules,
    corpus.less_than_serving,
    corpus.costs,
    rows.unused_columns,
    clock.no_clock,
    clock.guessed_dates,
    clock.wrong_days,
    clock.shared_moments,
    people.bots,
    people.dominant_item,
    people.long_sessions,
    people.duplicates,
    ids.spellings,
    ids.placeholders,
    people.repeats,
    clock.mixed_units,
    clock.missing_days,
)


def examine(
    config: TrainConfig,
    progress: Reporter | None = None,
    now: datetime | None = None,
    forecaster: Callable[[Corpus, TrainConfig, int], Forecast] = forecast,
    serving: Manifest | None = None,
) -> Examination:
    """What the log holds, what is wrong with it, and what training on it will cost.

    Bad rows are reported and never stop it. now: what is later is the future. forecaster: (corpus, config, events in
    the log) -> the forecast. serving: of the model that a training would replace. Raises EventsError where the log
    cannot be opened at all.
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
        reader = EventReader(sources, settings, connection, config.sessions.min_dwell, rejects, lenient=True)
        nobody = hashes_of(connection, PLACEHOLDERS)
        with Census(half, gap, int(now.timestamp() * 1e6), nobody, Path(folder)) as census:
            with step(progress, "read", "rows") as reading:
                for batch in reader:
                    census.see(batch)
                    reading.count(reader.counts.rows)
                reading.facts |= {"rows": reader.counts.rows, "events": census.clock.events}
            items = census.items()
            with step(progress, "sessions") as cutting:
                sessions, nothing_left = after_the_rules(census.replay(items), config, half, cutting)
        plan, split, held = None, None, 0
        if sessions is not None:
            split, held = split_of(sessions.corpus, config, census.clock)
            with step(progress, "forecast"):
                plan = forecaster(sessions.corpus, config, census.clock.events)
        exam = Exam(
            config=config,
            now=now,
            counts=reader.counts,
            rejects=samples_of(connection, rejects) if rejects.exists() else {},
            converted=census.converted,
            clock=census.clock,
            people=census.people,
            items=items,
            occurrences=census.counts,
            sessions=sessions,
            nothing_left=nothing_left,
            split=split,
            held=held,
            forecast=plan,
            session_column=session_column(sources, settings),
            types=types_of(connection, sources, settings),
            units=units_of(connection, sources, settings),
            times=sources.times,
            serving=serving,
        )
        found = sorted((f for check in CHECKS for f in check(exam)), key=lambda f: SEVERITIES.index(f.severity))
        with step(progress, "examples"):
            found = with_names(found, connection, sources, settings)
        connection.close()
    return report(exam, sources, found, time.perf_counter() - started)


def step(progress: Reporter | None, name: str, unit: str = "") -> AbstractContextManager[Step]:
    """A step of the progress report; without one, silence."""
    return nullcontext(Step()) if progress is None else progress.step(name, unit=unit)


def after_the_rules(
    batches: Iterable[EventBatch], config: TrainConfig, budget_mb: int, step: Step
) -> tuple[Sessions | None, str]:
    """The sessions a training would get; or None, and why nothing is left."""
    by_session, threads = config.events.session is not None, config.trainer.workers
    try:
        return sessionise(batches, rules_of(config), by_session, budget_mb, threads, progress=step.share), ""
    except EventsMissing as error:
        return None, error.short


def split_of(corpus: Corpus, config: TrainConfig, clock: Clock) -> tuple[Split | None, int]:
    """How a run would cut off its test part, or None where nothing would be left on one side; and its sessions.

    Raises ConfigError for a `test_from` that is not a time.
    """
    kind, held = cut_test(corpus, config)
    since = clock.when(int(corpus.starts[held].min())) if kind == "time" and held.any() else None
    count = int(held.sum())
    # `last` holds out an item of each session.
    return Split(kind, count, since) if kind == "last" or 0 < count < len(corpus) else None, count


def with_names(
    found: list[Finding], connection: duckdb.DuckDBPyConnection, sources: Sources, config: EventsConfig
) -> list[Finding]:
    """With the ids of users and sessions in place of their hashes."""
    user = config.user if sources.has(config.user) else config.session
    names = ids_of(connection, sources, user, {h for f in found for h in f.hashes("user")})
    names |= ids_of(connection, sources, config.session, {h for f in found for h in f.hashes("session")})
    return [f.named(names) for f in found]
