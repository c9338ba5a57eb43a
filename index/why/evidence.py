"""How often, how recently and in what order two items were in the same training session: exactly, for any pair."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PairEvidence:
    """sessions: how many held both. expected: how many would, were the items independent. lift: sessions / expected.
    first_before: sessions in which the first item's nearest occurrence came before the second's. distance: mean number
    of steps between the nearest occurrences. last: end of the last such session, None where the log has no times.
    """

    sessions: int
    expected: float
    lift: float
    first_before: int
    second_before: int
    distance: float
    last: datetime | None


@dataclass(frozen=True)
class Evidence:
    """Postings: for each item the sessions that held it, ascending, and its position in each.

    offsets: int64, shape (items + 1,). sessions, positions: int32, shape (tokens,), one entry per occurrence.
    ends: int64, shape (sessions,), end of each session in microseconds since 1970 UTC.
    clock: whether `ends` are real times.
    starts, weights, converted: what else a later training needs of the sessions. starts: as ends; None in a model of
    release 0.1. weights: float32, shape (tokens,), of the events, session after session; None where the log has none.
    converted: bool, in the same order, which events were conversions; None where that counts as nothing.
    dislikes: sessions (int64), positions (int32) and items (int32) of events that say no, which are in no session; None
    where they count as nothing.
    """

    offsets: NDArray[np.int64]
    sessions: NDArray[np.int32]
    positions: NDArray[np.int32]
    ends: NDArray[np.int64]
    clock: bool
    starts: NDArray[np.int64] | None = None
    weights: NDArray[np.float32] | None = None
    converted: NDArray[np.bool_] | None = None
    dislikes: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None = None

    def tokens(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The sessions again: (rows, session after session, where each session begins); `build_evidence` undone."""
        begins = np.concatenate([[0], np.cumsum(np.bincount(self.sessions, minlength=len(self.ends)))]).astype(np.int64)
        tokens = np.empty(len(self.sessions), dtype=np.int32)
        tokens[begins[self.sessions] + self.positions] = np.repeat(
            np.arange(len(self.offsets) - 1, dtype=np.int32), np.diff(self.offsets)
        )
        return tokens, begins

    def occurrences(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(sessions, positions) of one item."""
        a, b = self.offsets[row], self.offsets[row + 1]
        return np.asarray(self.sessions[a:b]), np.asarray(self.positions[a:b])

    def pair(self, first: int, second: int) -> PairEvidence:
        """Of the rows of two different items."""
        sessions_a, positions_a = self.occurrences(first)
        sessions_b, positions_b = self.occurrences(second)
        held_a, held_b = np.unique(sessions_a), np.unique(sessions_b)
        both = np.intersect1d(held_a, held_b, assume_unique=True)
        expected = len(held_a) * len(held_b) / max(1, len(self.ends))
        if not len(both):
            return PairEvidence(0, expected, 0.0, 0, 0, 0.0, None)
        gaps = [_nearest(positions_a[_span(sessions_a, s)], positions_b[_span(sessions_b, s)]) for s in both.tolist()]
        steps = np.array(gaps, dtype=np.int64)
        last = datetime.fromtimestamp(int(self.ends[both].max()) / 1e6, UTC) if self.clock else None
        return PairEvidence(
            sessions=len(both),
            expected=expected,
            lift=len(both) / expected,
            first_before=int((steps > 0).sum()),
            second_before=int((steps < 0).sum()),
            distance=float(np.abs(steps).mean()),
            last=last,
        )


def _span(sessions: NDArray[np.int32], session: int) -> slice:
    return slice(int(np.searchsorted(sessions, session)), int(np.searchsorted(sessions, session, side="right")))


def _nearest(a: NDArray[np.int32], b: NDArray[np.int32]) -> int:
    """Signed steps from a to b between their nearest occurrences: positive when a came first."""
    gaps = (b[None, :] - a[:, None]).ravel() if len(a) * len(b) <= 4096 else _sparse_gaps(a, b)
    return int(gaps[np.argmin(np.abs(gaps))])


def _sparse_gaps(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int32]:
    """For giant sessions: only each a's neighbours in b."""
    at = np.searchsorted(b, a)
    after, before = b[np.minimum(at, len(b) - 1)] - a, b[np.maximum(at - 1, 0)] - a
    return np.concatenate([after, before])


def build_evidence(
    tokens: NDArray[np.int32],
    offsets: NDArray[np.int64],
    ends: NDArray[np.int64],
    items: int,
    clock: bool,
    starts: NDArray[np.int64] | None = None,
    weights: NDArray[np.float32] | None = None,
    order: NDArray[Any] | None = None,
) -> Evidence:
    """From sessions as arrays (see training.corpus.Corpus); a stable sort keeps sessions and positions ascending.

    order: the places of `tokens` so sorted by item, where they are known.
    """
    lengths = np.diff(offsets)
    session = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    position = (np.arange(len(tokens)) - np.repeat(offsets[:-1], lengths)).astype(np.int32)
    if order is None:
        order = np.argsort(tokens, kind="stable")
    begins = np.concatenate([[0], np.cumsum(np.bincount(tokens, minlength=items))]).astype(np.int64)
    return Evidence(begins, session[order], position[order], ends, clock, starts, weights)
