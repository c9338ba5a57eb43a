"""Events that say no: skipped, rejected, returned. They are no items of a session; they lie between its items."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Dislikes:
    """In the order of their sessions, and of time in each.

    sessions: int64, ascending, which session of a corpus. positions: int32, how many of the session's items came
    before. items: int32, rows of the vocabulary.
    """

    sessions: Ints
    positions: NDArray[np.int32]
    items: NDArray[np.int32]

    @classmethod
    def none(cls) -> "Dislikes":
        return cls(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))

    def __len__(self) -> int:
        return len(self.items)

    def begins(self, sessions: int) -> Ints:
        """int64 (sessions + 1,): those of session i are from begins[i] to begins[i + 1] - 1."""
        return np.searchsorted(self.sessions, np.arange(sessions + 1)).astype(np.int64)

    def take(self, sessions: Ints, of: int) -> "Dislikes":
        """Of these sessions of a corpus of `of`, in that order, and numbered in it."""
        begins = self.begins(of)
        lengths = np.diff(begins)[sessions]
        starts = np.cumsum(lengths) - lengths
        index = np.repeat(begins[sessions] - starts, lengths) + np.arange(lengths.sum())
        numbers = np.repeat(np.arange(len(sessions), dtype=np.int64), lengths)
        return Dislikes(numbers, self.positions[index], self.items[index])

    def among(self, offsets: Ints, keep: NDArray[np.bool_]) -> "Dislikes":
        """Their places once only the items marked in `keep` are left. offsets: of the sessions, as in a Corpus."""
        before = np.concatenate([[0], np.cumsum(keep)])
        begins = offsets[self.sessions]
        return replace(self, positions=(before[begins + self.positions] - before[begins]).astype(np.int32))

    def over(self, row_of: NDArray[np.int32]) -> "Dislikes":
        """Of renumbered items, without those that have no row: -1."""
        items = row_of[self.items]
        return self.where(items >= 0, items)

    def where(self, keep: NDArray[np.bool_], items: NDArray[np.int32] | None = None) -> "Dislikes":
        """Only those marked. items: instead of their own, before any is left out."""
        rows = self.items if items is None else items
        return Dislikes(self.sessions[keep], self.positions[keep], rows[keep])

    def cut(self, offsets: Ints, kept: Ints, source: Ints, pieces: Ints) -> "Dislikes":
        """Where sessions lose items, are dropped, or are cut into pieces.

        offsets: of the sessions before. kept: ascending, the items that are left, as places among all items before.
        source: ascending, of which session each piece is. pieces: offsets of the pieces among the items that are left.
        """
        place = np.searchsorted(kept, offsets[self.sessions] + self.positions)
        first = np.searchsorted(source, self.sessions)
        last = np.searchsorted(source, self.sessions, side="right") - 1
        there = first <= last
        place, first, last = place[there], first[there], last[there]
        # Between two pieces: the end of the first one.
        piece = np.clip(np.searchsorted(pieces, place, side="left") - 1, first, last)
        return Dislikes(piece, (place - pieces[piece]).astype(np.int32), self.items[there])


def joined(parts: list[Dislikes], sessions: list[int]) -> Dislikes:
    """Of corpora one after the other. sessions: how many each has."""
    first = np.cumsum([0, *sessions])[:-1]
    return Dislikes(
        np.concatenate([part.sessions + n for part, n in zip(parts, first.tolist(), strict=True)]),
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.items for part in parts]),
    )
