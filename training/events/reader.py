"""A log as events: streamed in batches of arrays, with an account of every row."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index.errors import ConfigError, EventsError, EventsRejected
from training.events.csvrecords import check_count, count_lines
from training.events.reasons import Reason, events_sql
from training.events.rejects import MalformedLines, write_rejects
from training.events.source import Source, Sources
from training.events.sql import READ_ERRORS, first_line
from training.events.times.facts import unread
from training.events.unknown import words_of
from training.eventsconfig import EventsConfig

BATCH_ROWS = 500_000


@dataclass
class EventBatch:
    """Accepted events, in input order; arrays of one length.

    users, sessions, item_keys: uint64 hashes of the ids as text. sessions is None where the log gives none.
    items: the ids themselves. times: int64 microseconds since 1970 UTC. weights: float32; converted, disliked: bool.
    """

    users: NDArray[np.uint64]
    item_keys: NDArray[np.uint64]
    items: pa.Array
    times: NDArray[np.int64]
    sessions: NDArray[np.uint64] | None = None
    weights: NDArray[np.float32] | None = None
    converted: NDArray[np.bool_] | None = None
    disliked: NDArray[np.bool_] | None = None

    def where(self, keep: NDArray[np.bool_]) -> "EventBatch":
        """Only the events marked in `keep`."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "items"}
        kept: dict[str, Any] = {name: None if values is None else values[keep] for name, values in arrays.items()}
        return EventBatch(items=self.items.filter(pa.array(keep)), **kept)


@dataclass
class ReadCounts:
    """rows: all of the log; where a row of a file is a session, each id of it. records: the files' own rows.
    reasons: rows by Reason, the accepted ones included."""

    rows: int = 0
    records: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
    empty_files: tuple[str, ...] = ()

    @property
    def rejected(self) -> dict[str, int]:
        return {r.name.lower(): n for r, n in sorted(self.reasons.items()) if Reason.ACCEPTED < r < Reason.RULES and n}

    @property
    def dropped(self) -> dict[str, int]:
        return {r.name.lower(): n for r, n in sorted(self.reasons.items()) if r > Reason.RULES and n}


@dataclass
class EventReader:
    """Streams a log as batches of events; afterwards `counts` says what became of every row.

    Ids are compared by DuckDB's 64-bit hash of their text: with 10 million users the chance that any two collide is
    3 in a million, and the harm would be two users' histories read as one. lenient: whoever reads will say what is
    wrong with the times, and they stop nothing.
    """

    sources: Sources
    config: EventsConfig
    connection: duckdb.DuckDBPyConnection
    min_dwell: float = 0.0
    rejects: Path | None = None
    lenient: bool = False
    counts: ReadCounts = field(default_factory=ReadCounts, init=False)
    _nobody: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if self.min_dwell > 0 and self.config.dwell is None:
            raise ConfigError("min_dwell needs dwell, the column of the dwell time: name it with --dwell")

    def __iter__(self) -> Iterator[EventBatch]:
        """Raises EventsError for a file that breaks off and for times that are not what they seem, EventsRejected when
        too large a share of the rows is bad."""
        self.counts = ReadCounts(empty_files=self.sources.empty)
        if not self.lenient and (found := self.sources.times.stop(self.config.session is not None)):
            raise EventsError(f"{self.sources.files[0]}: {found}")
        if self.config.unknown_users == "reject" and self.config.session is None:
            self._nobody = words_of(self.connection, self.sources, self.config)
        for number, source in enumerate(self.sources.sources):
            yield from self._read_csv(source, number) if source.dialect else self._read(source, source.scan())
        if self.rejects is not None:
            self.rejects.unlink(missing_ok=True)
        first = ""
        if self.rejects is not None and self.counts.rejected:
            first = write_rejects(
                self.connection, self.sources, self.config, self.min_dwell, self.rejects, self._nobody
            )
        self._check_share(first)

    def _read_csv(self, source: Source, number: int) -> Iterator[EventBatch]:
        """As other formats, and the malformed lines, which the scan skips, are counted as well."""
        assert source.dialect is not None
        malformed = MalformedLines(self.connection, str(number))
        before = self.counts.records
        # Beside the scan: reading a gzip file again takes a third of the time of the scan.
        with ThreadPoolExecutor(1) as pool:
            lines = pool.submit(count_lines, source.texts)
            yield from self._read(source, source.scan(None, malformed.options()))
            bad = malformed.count()
            self.counts.rows += bad
            self.counts.records += bad
            self.counts.reasons[Reason.MALFORMED] += bad
            check_count(source.texts, source.dialect, self.counts.records - before, lines.result())
        malformed.drop()

    def _read(self, source: Source, scan: str) -> Iterator[EventBatch]:
        query = events_sql(source, self.config, self.min_dwell, scan, self._nobody)
        try:
            for batch in self.connection.sql(query).to_arrow_reader(BATCH_ROWS):
                yield self._accept(batch)
        except READ_ERRORS as error:
            raise EventsError(stopped(source, error)) from error

    def _accept(self, batch: pa.RecordBatch) -> EventBatch:
        reasons = batch.column("reason").to_numpy()
        self.counts.rows += len(reasons)
        opens = batch.column("opens") if "opens" in batch.schema.names else None
        self.counts.records += len(reasons) if opens is None else opens.true_count
        if reasons.any():
            values, numbers = np.unique(reasons, return_counts=True)
            self.counts.reasons.update({Reason(int(v)): int(n) for v, n in zip(values, numbers, strict=True)})
            batch = batch.filter(pa.array(reasons == 0))
        else:
            self.counts.reasons[Reason.ACCEPTED] += len(reasons)
        names = batch.schema.names

        def optional(column: str) -> Any:
            return batch.column(column).to_numpy(zero_copy_only=False) if column in names else None

        return EventBatch(
            users=batch.column("user_key").to_numpy(),
            item_keys=batch.column("item_key").to_numpy(),
            items=batch.column("item"),
            times=batch.column("time").to_numpy(),
            sessions=optional("session_key"),
            weights=optional("weight"),
            converted=optional("converted"),
            disliked=optional("disliked"),
        )

    def _check_share(self, first: str) -> None:
        bad = sum(self.counts.rejected.values())
        if bad and bad / self.counts.rows > self.config.max_bad_share:
            kept = f"; each is in {self.rejects}, {first}" if self.rejects is not None else ""
            reasons = ", ".join(f"{n} {reason}" for reason, n in self.counts.rejected.items())
            most = max(self.counts.rejected, key=lambda reason: self.counts.rejected[reason])
            raise EventsRejected(
                f"{bad} of {self.counts.rows} rows cannot be events ({reasons}), more than the "
                f"{self.config.max_bad_share:.1%} that max_bad_share allows{kept}. {self._remedy(most)}, or raise "
                "--max-bad-share"
            )

    def _remedy(self, reason: str) -> str:
        """What to do about rows that are rejected for it."""
        times = unread(self.sources.times.unread) if reason == "bad_time" else ""
        return f"Times like {times} cannot be read: {REMEDIES[reason]}" if times else REMEDIES[reason]


# What may be wrong where most of the rejected rows have this reason.
REMEDIES = {
    "malformed": "Look at the first row: --delimiter and --encoding say how the file is written",
    "no_user": "Is --user the right column? Where its rows are of people who are not known, name the column of their "
    "session with --session, or take each event for itself with --unknown-users single",
    "no_session": "Is --session the right column? Leave it out where many rows have no session: pauses cut then",
    "no_item": "Is --item the right column? Rows of searches, logins and the like are left out by --event-types",
    "bad_time": "Is --time the right column? --time-format says how times are written, --time-unit what numbers "
    "since 1970 count",
    "bad_dwell": "Is --dwell the right column? It holds seconds",
    "bad_weight": "Is --weight the right column? It holds numbers from 0 on",
    "wrong_type": "User, session, item and time are texts or numbers, and no objects, lists or truth values",
    "too_long": "Is --item the right column? Its values are too long for ids",
}


def stopped(source: Source, error: BaseException) -> str:
    """What to tell the user of one of READ_ERRORS."""
    where = source.files[0] if len(source.files) == 1 else f"one of {len(source.files)} files from {source.files[0]}"
    said = first_line(error)
    for text in source.texts:
        said = said.replace(text.path, text.name)
    if "Out of Memory" in said or "No space left" in said:
        return f"{where}: reading stopped: {said}; raise --memory-mb, or free space on the disk of the models folder"
    if "invalid state" in said:
        return (
            f"{where}: some lines end in \\r\\n and some in \\n alone, or there are lone \\r; make them alike, for "
            "example with: sed -i 's/\\r$//'"
        )
    return f"{where}: reading stopped: {said}; the file is damaged or not what its name says"
