"""A test as a log: sessions begin and end as the model's settings say, and each event but the first is a target."""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from index.errors import EventsError, EventsMissing, EventsRejected
from training.config import TrainConfig
from training.events.reader import EventReader
from training.events.source import Source
from training.events.sources import mistyped, open_sources, wanted_columns
from training.eventsconfig import EventsConfig
from training.given.questions import Questions
from training.sessions.cut import cut_all
from training.sessions.strangers import Strangers


def log_questions(sources: Sequence[Source], config: TrainConfig, connection: duckdb.DuckDBPyConnection) -> Questions:
    """Repeats, rare items and busy users stay. A session of more than `max_length` events is several, as in training.

    config: with the path of the test. Raises EventsMissing, EventsError, EventsRejected.
    """
    # What only the training needs may be missing from a test.
    needless: dict[str, Any] = {"dwell": None, "weight": None, "conversion_types": (), "type_weights": {}}
    events = config.events.model_copy(update=needless | {"max_bad_share": 1.0})
    for source in sources:
        _check_columns(source, events)
    reader = EventReader(open_sources(events, connection), events, connection)
    rules = config.sessions.model_copy(update={"collapse_repeats": False, "max_user_events": 0})
    by_session, threads = events.session is not None, config.trainer.workers
    cuts, ids, _ = cut_all(
        reader, rules, by_session, events.memory_mb, threads, strangers=Strangers.of(connection, events)
    )
    _check_rejected(reader, sources[0].files[0], config.events)
    tokens = np.concatenate([part.items for part in cuts])
    lengths = pieces(np.concatenate([part.lengths for part in cuts]), rules.max_length)
    ends = np.cumsum(lengths)
    session = np.repeat(np.arange(len(lengths)), lengths)
    begin = np.repeat(ends - lengths, lengths)
    at = np.flatnonzero(np.arange(len(tokens)) > begin)
    if not len(at):
        raise EventsMissing(f"{sources[0].files[0]}: no session has two events, so there is nothing to predict")
    return Questions(
        form="log",
        ids=ids,
        prefixes=[tokens[b:a] for b, a in zip(begin[at].tolist(), at.tolist(), strict=True)],
        targets=tokens[at],
        sessions=session[at].astype(np.int64),
        rejected=reader.counts.rejected,
    )


def pieces(lengths: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Lengths of the parts, as even as can be, of sessions that are cut to at most `most` events."""
    parts = -(-lengths // most)
    of = np.repeat(np.arange(len(lengths)), parts)
    number = np.arange(len(of)) - np.repeat(np.cumsum(parts) - parts, parts)
    whole, count = lengths[of], parts[of]
    found: NDArray[np.int64] = whole * (number + 1) // count - whole * number // count
    return found


def _check_columns(source: Source, config: EventsConfig) -> None:
    """In the words of a test, whose columns no flag can name."""
    file = source.files[0]
    for setting, column in wanted_columns(config):
        what = setting.replace("_", " ")
        if column not in source.types:
            if setting == "user" and config.session is not None:
                continue
            wanted = ", ".join(repr(c) for _, c in wanted_columns(config))
            raise EventsMissing(
                f"{file}: no column {column!r}, where the model's log has the {what}. A test is a log with its "
                f"columns ({wanted}), or a table with the columns 'prefix' and 'target'; columns found: "
                f"{', '.join(source.types)[:500] or 'none'}"
            )
        if wrong := mistyped(file, setting, column, source.types[column]):
            raise EventsError(wrong)


def _check_rejected(reader: EventReader, file: str, config: EventsConfig) -> None:
    bad = reader.counts.rejected
    if bad and sum(bad.values()) > config.max_bad_share * reader.counts.rows:
        reasons = ", ".join(f"{n} {reason}" for reason, n in bad.items())
        raise EventsRejected(
            f"{file}: {sum(bad.values())} of {reader.counts.rows} rows cannot be events ({reasons}), more than the "
            f"{config.max_bad_share:.1%} that the model was trained with allows; correct the file"
        )
