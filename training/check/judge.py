"""What is known of a log once it is read and cut, and what is wrong with it: for a check and a training alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from index.artifact.manifest import Manifest
from training.check.census import Census
from training.check.checks import clock, corpus, ids, people, rows
from training.check.exam import Exam, Split
from training.check.findings import Finding
from training.check.forecast import Forecast
from training.check.lookups import guessed_in, samples_of, session_column, types_of, units_of
from training.check.tally import Clock
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.split import cut_test
from training.events.reader import EventReader
from training.events.source import Sources
from training.events.unknown import hashes_of, spellings
from training.sessions.cut import gap_micros
from training.sessions.encode import Sessions
from training.sessions.strangers import Strangers

SEVERITIES = ("stop", "warn", "note")
Checks = tuple[Callable[[Exam], Iterator[Finding]], ...]
# In the order of the report, within each severity.
CHECKS: Checks = (
    rows.empty_files,
    rows.guessed_text,
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
    people.unknown,
    people.bots,
    people.dominant_item,
    people.long_sessions,
    people.duplicates,
    ids.spellings,
    ids.blank_ends,
    ids.whole_numbers,
    ids.placeholders,
    people.repeats,
    clock.mixed_units,
    clock.missing_days,
)
# What is known before a row is read, and what can be said where the log was refused while it was read.
OF_TIMES: Checks = (clock.ambiguous_dates, clock.no_epoch, clock.guessed_dates)
OF_ROWS: Checks = (
    *OF_TIMES,
    rows.empty_files,
    rows.guessed_text,
    rows.bad_rows,
    rows.unused_columns,
    clock.mixed_units,
)
# What is said of sessions does not hold where new ones join those of a model.
OF_SESSIONS: Checks = (corpus.short_sessions, corpus.after_rules, corpus.less_than_serving, people.repeats)
OF_EVENTS: Checks = tuple(check for check in CHECKS if check not in OF_SESSIONS)


@dataclass(frozen=True)
class Reading:
    """A log while it is read: its files, its reader, and what is counted on the way. strangers: tells which users are
    not known. now: what is later is the future. rejects: where the reader keeps the rows that cannot be events.
    """

    config: TrainConfig
    connection: duckdb.DuckDBPyConnection
    sources: Sources
    reader: EventReader
    census: Census
    strangers: Strangers | None
    now: datetime
    rejects: Path

    def exam(
        self,
        sessions: Sessions | None,
        nothing_left: tuple[str, str] = ("", ""),
        planned: Forecast | None = None,
        serving: Manifest | None = None,
    ) -> Exam:
        """What the checks look at, once the log is read and cut. nothing_left: why there are no sessions, and
        what would change it.

        Raises ConfigError for a `test_from` that is not a time.
        """
        config, census, settings = self.config, self.census, self.config.events
        split, held = (None, 0) if sessions is None else split_of(sessions.corpus, config, census.clock)
        return Exam(
            config=config,
            now=self.now,
            counts=self.reader.counts,
            rejects=samples_of(self.connection, self.rejects) if self.rejects.exists() else {},
            converted=census.converted,
            disliked=census.disliked,
            clock=census.clock,
            people=census.people,
            unknown=names_of(self.connection, self.strangers, [*census.people.unknown, *census.people.placeholders]),
            items=census.items,
            occurrences=census.counts,
            sessions=sessions,
            nothing_left=nothing_left,
            split=split,
            held=held,
            forecast=planned,
            session_column=session_column(self.sources, settings),
            types=types_of(self.connection, self.sources, settings),
            units=units_of(self.connection, self.sources, settings),
            serving=serving,
            times=self.sources.times,
            guesses=tuple(dict.fromkeys(guess for source in self.sources.sources for guess in source.guesses)),
            guessed=guessed_in(self.sources),
            whole=tuple(file for source in self.sources.sources if source.whole for file in source.files),
        )


def reading_of(
    config: TrainConfig,
    connection: duckdb.DuckDBPyConnection,
    sources: Sources,
    rejects: Path,
    now: datetime | None = None,
    lenient: bool = False,
) -> Reading:
    """The reader of the log, and the census that watches it. now: None for this moment. lenient: nothing
    stops it, neither the share of bad rows nor the times. Raises ConfigError."""
    now = datetime.now(UTC) if now is None else now
    settings = config.events.model_copy(update={"max_bad_share": 1.0}) if lenient else config.events
    reader = EventReader(sources, settings, connection, config.sessions.min_dwell, rejects, lenient)
    gap = gap_micros(config.sessions, config.events.session is not None)
    kept = hashes_of(connection, spellings()).tolist() if config.events.unknown_users == "keep" else ()
    census = Census(gap, int(now.timestamp() * 1e6), kept)
    strangers = Strangers.of(connection, config.events)
    return Reading(config, connection, sources, reader, census, strangers, now, rejects)


def names_of(
    connection: duckdb.DuckDBPyConnection, strangers: Strangers | None, found: list[tuple[int, int]]
) -> dict[int, str]:
    """hash -> how it is called, of the users whose id alone says that they are not known."""
    if not found:
        return {}
    if strangers is not None:
        words = strangers.names
    else:
        texts = list(spellings())
        words = dict(zip(hashes_of(connection, texts).tolist(), texts, strict=True))
    return {user: words[user] for user, _ in found if user in words}


def judge(exam: Exam, checks: Checks = CHECKS) -> list[Finding]:
    """Stops first."""
    return sorted((f for check in checks for f in check(exam)), key=lambda f: SEVERITIES.index(f.severity))


def split_of(corpus: Corpus, config: TrainConfig, clock: Clock) -> tuple[Split | None, int]:
    """How a run would cut off its test part, or None where nothing would be left on one side; and its sessions.

    Raises ConfigError for a `test_from` that is not a time.
    """
    kind, held = cut_test(corpus, config)
    since = clock.when(int(corpus.starts[held].min())) if kind == "time" and held.any() else None
    count = int(held.sum())
    # `last` holds out an item of each session.
    return Split(kind, count, since) if kind == "last" or 0 < count < len(corpus) else None, count
