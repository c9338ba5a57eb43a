"""`item2vec check`: before any training, the facts that decide what a model of this log is worth.

The log is read once, in streaming. Only what goes into the report as an example is looked up afterwards: rejected rows
by their number, ids by their hash, and the first rows of each file for units and event types.
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np

from index.artifact.manifest import Manifest
from index.catalogue.catalogue import Catalogue
from index.errors import EventsError, EventsMissing
from training.check.exam import Exam
from training.check.examination import Examination, report
from training.check.findings import Finding
from training.check.forecast import Forecast, forecast
from training.check.judge import SEVERITIES, Reading, judge, reading_of
from training.check.lookups import ids_of
from training.check.metadata import Metadata, judge_metadata, look_at, unreadable
from training.check.offers.kinds import kinds_of
from training.check.offers.offer import Facts
from training.check.offers.people import user_columns_of
from training.check.offers.table import offers_of
from training.config import TrainConfig
from training.corpus import Corpus
from training.events.source import Sources
from training.events.sources import open_sources
from training.events.sql import connect
from training.eventsconfig import EventsConfig
from training.items.look import Look
from training.objective.lesson import segments_of
from training.objective.segments import Segments
from training.progress import Reporter, Step
from training.sessions.encode import Sessions

Forecaster = Callable[[Corpus, TrainConfig, int, Segments | None], Forecast]


def forecast_with(corpus: Corpus, config: TrainConfig, events: int, segments: Segments | None) -> Forecast:
    return forecast(corpus, config, events, segments=segments)


def examine(
    config: TrainConfig,
    progress: Reporter | None = None,
    now: datetime | None = None,
    forecaster: Forecaster = forecast_with,
    serving: Manifest | None = None,
) -> Examination:
    """What the log holds, what is wrong with it, and what training on it will cost.

    Bad rows are reported and never stop it. now: what is later is the future. forecaster: (corpus, config, events in
    the log, segments) -> the forecast. serving: of the model that a training would replace. Raises EventsError where
    the log cannot be opened at all, and ConfigError for a segment that no item has.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="item2vec-check-") as folder:
        connection = connect(config.events.memory_mb, folder)
        sources = open_sources(config.events, connection)
        reading = reading_of(config, connection, sources, Path(folder) / "rejects.parquet", now, lenient=True)
        sessions, nothing_left = after_the_rules(reading, Path(folder), progress)
        exam = reading.exam(sessions, nothing_left, serving=serving)
        look, more = metadata_of(config.events, exam, progress)
        if sessions is not None:
            segments = None
            if look is not None or not config.events.items:
                catalogue = Catalogue.from_fields({} if look is None else look.items.fields)
                segments = segments_of(catalogue, sessions.vocabulary.ids, config)
            with step(progress, "forecast"):
                exam = replace(exam, forecast=forecaster(sessions.corpus, config, exam.events, segments))
        with step(progress, "examples"):
            found = with_names(judge(exam), connection, sources, config.events)
        with step(progress, "offers"):
            column = config.events.event_type or (exam.types and exam.types[0])
            kinds = kinds_of(connection, sources, config, column, exam.counts.rows) if exam.events else None
            people = user_columns_of(connection, sources, config, exam.counts.rows) if look is not None else []
            offers = offers_of(Facts(exam, kinds, look, people))
        connection.close()
    found = sorted([*found, *more], key=lambda finding: SEVERITIES.index(finding.severity))
    metadata = None if look is None else Metadata.of(look)
    return report(exam, sources, found, time.perf_counter() - started, metadata, offers)


def metadata_of(config: EventsConfig, exam: Exam, progress: Reporter | None) -> tuple[Look | None, list[Finding]]:
    """What the files of the items hold, None where there are none or they cannot be read; and what is wrong there."""
    if not config.items:
        return None, []
    with step(progress, "items") as told:
        order = np.argsort(-exam.occurrences, kind="stable")
        try:
            look = look_at(config, [exam.items[i] for i in order.tolist()])
        except EventsError as error:
            return None, [unreadable(str(error).rstrip("."))]
        told.facts |= {"items": len(look.items.fields), "rows": look.items.rows}
    return look, judge_metadata(look)


def step(progress: Reporter | None, name: str, unit: str = "") -> AbstractContextManager[Step]:
    """A step of the progress report; without one, silence."""
    return nullcontext(Step()) if progress is None else progress.step(name, unit=unit)


def after_the_rules(
    reading: Reading, folder: Path, progress: Reporter | None
) -> tuple[Sessions | None, tuple[str, str]]:
    """The sessions a training would get; or None, and why nothing is left, and what would change it."""
    with step(progress, "read", "rows") as told:
        try:
            return reading.cut(folder, told), ("", "")
        except EventsMissing as error:
            return None, (error.short, error.advice or "")
        finally:
            told.facts |= {"rows": reading.reader.counts.rows, "events": reading.census.clock.events}


def with_names(
    found: list[Finding], connection: duckdb.DuckDBPyConnection, sources: Sources, config: EventsConfig
) -> list[Finding]:
    """With the ids of users and sessions in place of their hashes."""
    user = config.user if sources.has(config.user) else config.session
    names = ids_of(connection, sources, user, {h for f in found for h in f.hashes("user")})
    names |= ids_of(connection, sources, config.session, {h for f in found for h in f.hashes("session")})
    return [f.named(names) for f in found]
