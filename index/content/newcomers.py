"""Items without a past, beside those of one model: they have rows behind its last, and are searched exactly.

A state never changes. The one that follows shares its matrices and writes behind what it has: an item whose metadata
changes gets another row, and its former one is left out from then on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from index.content.content import Content, Vectors, vectors_of
from index.ranking.readings import Float, Rows
from index.search.exact import Mask
from index.search.rough import contenders

ROOM = 1024  # rows at least


class Beside(Protocol):
    """Vectors -> what the parts of `next` are multiplied with, float32 (n, D)."""

    def __call__(self, inputs: Float, outputs: Float, similar: Float) -> Float: ...


class Change(NamedTuple):
    """fields: None where it is an item no longer. shown: whether it may be listed."""

    item: str
    fields: Mapping[str, Any] | None
    shown: bool


@dataclass(frozen=True)
class Newcomers:
    """content, beside: how their vectors are made. first: the model's items, and the row of place 0. most: how many
    there may be; what comes when there are as many gets no vector.

    ids: by place. places: of the newest state. used: places taken in this state. there, shown: bool (room,), which of
    them are items of this state, and may be listed. similar, targets: float32 (room, any).
    """

    content: Content
    beside: Beside
    first: int
    most: int
    ids: list[str]
    places: dict[str, int]
    used: int
    there: Mask
    shown: Mask
    similar: Float
    targets: Float

    @classmethod
    def none(cls, content: Content, beside: Beside, first: int, most: int) -> "Newcomers":
        made = content.of_columns([])
        return cls._empty(content, beside, first, most, made, 0)

    @classmethod
    def _empty(cls, content: Content, beside: Beside, first: int, most: int, like: Vectors, items: int) -> "Newcomers":
        """like: vectors of the right widths."""
        room = max(ROOM, 2 * items)
        none = np.zeros(room, dtype=np.bool_)
        similar = np.zeros((room, like.similar.shape[1]), dtype=np.float32)
        targets = np.zeros((room, beside(*(part[:0] for part in like)).shape[1]), dtype=np.float32)
        return cls(content, beside, first, most, [], {}, 0, none, none, similar, targets)

    def __len__(self) -> int:
        """Items there are."""
        return int(np.count_nonzero(self.there))

    @property
    def room(self) -> int:
        return len(self.there)

    def find(self, item: str) -> int | None:
        """Its row; None where it has no vector."""
        place = self.places.get(item)
        if place is None or place >= self.used or not self.there[place]:
            return None
        return self.first + place

    def id_of(self, row: int) -> str:
        return self.ids[row - self.first]

    def following(self, changes: Iterable[Change]) -> "Newcomers":
        """Of two changes of an item the later one counts. About 30 us for each that is there, a byte an item besides.
        Raises nothing for metadata of any kind."""
        if self.used != len(self.ids):  # another state follows this one already, and has written behind it
            return self._copied().following(changes)
        newest = {change.item: change for change in changes}
        left = {item for item in newest if self.find(item) is not None}
        stay = len(self) - len(left)
        made = [change for change in newest.values() if change.fields is not None]
        if not left and not made:
            return self
        at, vectors = vectors_of(self.content, [change.fields or {} for change in made])
        at = at[: max(0, self.most - stay)]
        vectors = Vectors(*(part[: len(at)] for part in vectors))
        there, shown = self.there.copy(), self.shown.copy()
        gone = [self.places[item] for item in left]
        there[gone] = shown[gone] = False
        if self.used + len(at) > self.room:
            return self._grown(there, shown, [made[i] for i in at.tolist()], vectors)
        return self._with(there, shown, [made[i] for i in at.tolist()], vectors)

    def _grown(self, there: Mask, shown: Mask, made: list[Change], vectors: Vectors) -> "Newcomers":
        """In matrices of their own, without the rows that are left out."""
        return self._own(there, shown, len(made))._with_room(made, vectors)

    def _copied(self) -> "Newcomers":
        return self._own(self.there, self.shown, 0)

    def _with_room(self, made: list[Change], vectors: Vectors) -> "Newcomers":
        return self._with(self.there.copy(), self.shown.copy(), made, vectors)

    def _own(self, there: Mask, shown: Mask, more: int) -> "Newcomers":
        """What is there, in matrices of its own, with room for `more`."""
        old = np.flatnonzero(there)
        like = self.content.of_columns([])
        new = self._empty(self.content, self.beside, self.first, self.most, like, len(old) + more)
        new.similar[: len(old)], new.targets[: len(old)] = self.similar[old], self.targets[old]
        new.there[: len(old)], new.shown[: len(old)] = True, shown[old]
        new.ids.extend(self.ids[place] for place in old.tolist())
        new.places.update({item: place for place, item in enumerate(new.ids)})
        return Newcomers(**{**vars(new), "used": len(old)})

    def _with(self, there: Mask, shown: Mask, made: list[Change], vectors: Vectors) -> "Newcomers":
        end = self.used + len(made)
        self.similar[self.used : end] = vectors.similar
        self.targets[self.used : end] = self.beside(*vectors)
        there[self.used : end] = True
        shown[self.used : end] = [change.shown for change in made]
        for place, change in enumerate(made, self.used):
            self.ids.append(change.item)
            self.places[change.item] = place
        return Newcomers(**{**vars(self), "used": end, "there": there, "shown": shown})

    def follows(self, before: "Newcomers") -> bool:
        """Whether rows are the same in both."""
        return self.similar is before.similar

    def best(
        self, vectors: Float, query: Float, k: int, allowed: Mask | None = None, out: Rows | None = None, since: int = 0
    ) -> tuple[Rows, Float]:
        """The k best of those that are shown: (rows, scores), best first, at most k. vectors: `similar` or `targets`.
        allowed: bool (room,). out: rows that are left out, any others among them. since: the first place looked at."""
        mask = self.shown if allowed is None else allowed & self.shown
        scores = vectors[since : self.used] @ query
        return self._best(vectors, query, k, scores, mask, out, since)

    def best_each(self, vectors: Float, queries: Float, k: int) -> list[tuple[Rows, Float]]:
        """As `best`, for each of several queries, (q, d), in one pass."""
        products = queries @ vectors[: self.used].T
        pairs = zip(queries, products, strict=True)
        return [self._best(vectors, query, k, scores, self.shown, None, 0) for query, scores in pairs]

    def _best(
        self, vectors: Float, query: Float, k: int, scores: Float, mask: Mask, out: Rows | None, since: int
    ) -> tuple[Rows, Float]:
        """scores: of the places from `since` on, to within rounding."""
        scores[~mask[since : self.used]] = -np.inf
        if out is not None and len(out):
            places = out - self.first - since
            scores[places[(places >= 0) & (places < len(scores))]] = -np.inf
        # A product rounds as its size wants it: those that can be among the best are multiplied one by one.
        near = contenders(scores, k, 0.0) + since
        exact = np.einsum("ij,j->i", vectors[near], query)
        order = np.argsort(-exact, kind="stable")[:k]
        return (near[order] + self.first).astype(np.int32), exact[order]


def merged(rows: Rows, scores: Float, more: Rows, others: Float, k: int) -> tuple[Rows, Float]:
    """The k best of two lists, each best first; of equal ones those of the first list come first."""
    if not len(more):
        return rows[:k], scores[:k]
    all_scores = np.concatenate([scores, others])
    order = np.argsort(-all_scores, kind="stable")[:k]
    return np.concatenate([rows, more])[order], all_scores[order]
