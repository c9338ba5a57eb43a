"""Sessions as arrays: what trainers, baselines and evidence work on."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.objective.dislikes import Dislikes

NEWEST_SHARE = 0.1  # of the sessions: enough for a day of a month's log, and no single event with a wrong time decides


def newest_from(ends: NDArray[np.int64]) -> int:
    """The end from which on sessions are among the newest tenth. ends: int64, at least one."""
    place = int((1 - NEWEST_SHARE) * len(ends))
    return int(np.partition(ends, place)[place])


@dataclass(frozen=True)
class Corpus:
    """Sessions in order of their first event (ties in a fixed order).

    tokens: int32, shape (t,), vocabulary rows, session after session in time order.
    offsets: int64, shape (s + 1,), session i is tokens[offsets[i]:offsets[i + 1]].
    starts, ends: int64, shape (s,), first and last event of each session, microseconds since 1970 UTC.
    items: number of rows of the vocabulary; every token is below it.
    weights: float32, shape (t,), weight of each event, or None where the log has none.
    converted: bool, shape (t,), whether the event was a conversion, or None where the log does not say.
    dislikes: events that are no tokens, but say no to an item among them; None where the log has no such events.
    keys: uint64, shape (items,), the same for an item in every corpus that holds it: what is drawn at random for an
    item is drawn by it. None: the rows.
    """

    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    items: int
    weights: NDArray[np.float32] | None = None
    converted: NDArray[np.bool_] | None = None
    keys: NDArray[np.uint64] | None = None
    dislikes: Dislikes | None = None

    def __len__(self) -> int:
        """Number of sessions."""
        return len(self.offsets) - 1

    def session(self, i: int) -> NDArray[np.int32]:
        return self.tokens[self.offsets[i] : self.offsets[i + 1]]

    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    def counts(self) -> NDArray[np.int64]:
        """int64, shape (items,), occurrences of each row."""
        return np.bincount(self.tokens, minlength=self.items).astype(np.int64)

    def take(self, sessions: NDArray[np.int64]) -> "Corpus":
        """The given sessions (positions), in the given order, over the same vocabulary."""
        lengths = self.lengths()[sessions]
        begins = np.cumsum(lengths) - lengths
        # Position of every token kept: start of its session, plus how far into the session it lies.
        index = np.repeat(self.offsets[:-1][sessions] - begins, lengths) + np.arange(lengths.sum())
        dislikes = None if self.dislikes is None else self.dislikes.take(np.asarray(sessions), len(self))
        return self._kept(index, sessions, lengths, dislikes)

    def where(self, keep: NDArray[np.bool_], min_length: int) -> "Corpus":
        """Only the tokens marked in `keep`, and then only the sessions that still have `min_length` of them."""
        session_of = np.repeat(np.arange(len(self)), self.lengths())
        lengths = np.bincount(session_of[keep], minlength=len(self))
        long_enough = lengths >= min_length
        dislikes = None
        if self.dislikes is not None:
            dislikes = self.dislikes.among(self.offsets, keep).take(np.flatnonzero(long_enough), len(self))
        return self._kept(keep & long_enough[session_of], long_enough, lengths[long_enough], dislikes)

    def renumbered(self, new_row: NDArray[np.int32], items: int) -> "Corpus":
        """Over another vocabulary of `items` rows. new_row: int32, of every row that is among the tokens; a dislike of
        one without, -1, is left out."""
        dislikes = None if self.dislikes is None else self.dislikes.over(new_row)
        return replace(self, tokens=new_row[self.tokens], items=items, dislikes=dislikes)

    def _kept(
        self, tokens: NDArray[Any], sessions: NDArray[Any], lengths: NDArray[np.int64], dislikes: Dislikes | None
    ) -> "Corpus":
        """tokens, sessions: masks or positions. lengths, dislikes: of the sessions kept."""
        return replace(
            self,
            tokens=self.tokens[tokens],
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            starts=self.starts[sessions],
            ends=self.ends[sessions],
            weights=None if self.weights is None else self.weights[tokens],
            converted=None if self.converted is None else self.converted[tokens],
            dislikes=dislikes,
        )
