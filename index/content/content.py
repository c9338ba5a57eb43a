"""From an item's features to its vectors, by one of three ways; applied with numpy alone.

map      ridge regression from features to vectors (training/content/ridge.py)
mean     the mean of its features' vectors (Wang et al. 2018, EGES, section 3.3: an item without a past)
nearest  the mean of the three trained items of its category that share most with it (Grbovic and Cheng 2018, section
         3.4, where the attributes are place, type and price)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.content.lexicon import Lexicon, joined
from index.content.standing import Standing
from index.ranking.readings import Float, Rows, normalised

Method = Literal["map", "nearest", "mean"]
NEAREST = 3
AT_ONCE = 512  # items, so that what is gathered stays small
REASONS = 5


class Vectors(NamedTuple):
    """float32, one row an item: inputs and outputs (n, d) as the trained ones of `next`, similar (n, any d) as those of
    `similar`."""

    inputs: Float
    outputs: Float
    similar: Float


class Lengths(NamedTuple):
    """What the rows are scaled to; None: left as they come."""

    inputs: float | None = None
    outputs: float | None = None
    similar: float | None = 1.0


@dataclass(frozen=True)
class Linear:
    """lexicon: the features it knows. weights: each (features + 1, d), the last row what an item has in any case. map:
    features weigh by their rarity, each item's to a length of 1. mean: all alike, their sum 1. standing: beside trained
    items; None: not known yet."""

    method: Literal["map", "mean"]
    lexicon: Lexicon
    weights: Vectors
    lengths: Lengths
    standing: Standing | None = None

    def of_columns(self, columns: Sequence[Rows]) -> Vectors:
        """Of items with at least one feature each, at their lengths."""
        parts = [self._block(columns[i : i + AT_ONCE]) for i in range(0, len(columns), AT_ONCE)]
        parts = parts or [Vectors(*(np.empty((0, w.shape[1]), np.float32) for w in self.weights))]
        return scaled(Vectors(*map(np.concatenate, zip(*parts, strict=True))), self.lengths)

    def _block(self, columns: Sequence[Rows]) -> Vectors:
        ends, flat = joined(columns)
        values, begins = weighed(self.method, self.lexicon.rarity, ends, flat), np.append(0, ends[:-1])
        return Vectors(*(np.add.reduceat(values[:, None] * w[flat], begins, axis=0) + w[-1] for w in self.weights))

    def shares(self, columns: Rows, similar: Float) -> Float:
        """How much each of an item's features adds to the similarity with an item of this vector, (d,)."""
        values = weighed(self.method, self.lexicon.rarity, np.array([len(columns)]), columns)
        return np.asarray(values * (self.weights.similar[columns] @ similar), dtype=np.float32)


@dataclass(frozen=True)
class Nearest:
    """trained: the model's own matrices. offsets, rows: of each feature the trained items that have it, int64
    (features + 1,) and int32. field: of the categories among the features."""

    lexicon: Lexicon
    trained: Vectors
    offsets: NDArray[np.int64]
    rows: Rows
    lengths: Lengths
    standing: Standing | None = None
    field: str = "category"
    method: Literal["nearest"] = "nearest"

    def of_columns(self, columns: Sequence[Rows]) -> Vectors:
        near = [self.near(found) for found in columns]
        made = (
            np.array([m[rows].mean(axis=0) for rows in near], np.float32).reshape(-1, m.shape[1]) for m in self.trained
        )
        return scaled(Vectors(*made), self.lengths)

    def near(self, columns: Rows) -> Rows:
        """The trained items that share most, by rarity, of its category where any has it; most frequent first."""
        kinds = [c for c in columns.tolist() if self.lexicon.names[c][0] == self.field]
        same = np.concatenate([self._with(c) for c in kinds]) if kinds else None
        at = np.concatenate([self._with(c) for c in columns.tolist()])
        lifts = np.repeat(self.lexicon.rarity[columns] ** 2, [self.offsets[c + 1] - self.offsets[c] for c in columns])
        shared = np.bincount(at, lifts, len(self.trained.similar))
        if same is not None and len(same):
            of_kind = np.zeros(len(shared), dtype=np.bool_)
            of_kind[same] = True
            shared[~of_kind] = 0
        best = np.argsort(-shared, kind="stable")[:NEAREST]
        return best[shared[best] > 0].astype(np.int32)

    def shares(self, columns: Rows, similar: Float) -> Float:
        """By how many of the three that it is the mean of have the feature, and how near these are."""
        near = self.near(columns)
        closeness = self.trained.similar[near] @ similar
        has = np.array([np.isin(near, self._with(column)) for column in columns.tolist()])
        return np.asarray((has * closeness).sum(axis=1) * self.lexicon.rarity[columns], dtype=np.float32)

    def _with(self, column: int) -> Rows:
        return self.rows[self.offsets[column] : self.offsets[column + 1]]


Content = Linear | Nearest


def vectors_of(content: Content, items: Sequence[Mapping[str, Any]]) -> tuple[Rows, Vectors]:
    """Of items by their fields: (places of those with a feature that is known, their vectors)."""
    columns = [content.lexicon.columns(fields) for fields in items]
    at = np.array([place for place, found in enumerate(columns) if len(found)], dtype=np.int32)
    return at, content.of_columns([columns[place] for place in at.tolist()])


def reasons(content: Content, fields: Mapping[str, Any], similar: Float) -> list[str]:
    """The features that bring the item nearest to one with this vector, in words, the strongest first."""
    columns = content.lexicon.columns(fields)
    if not len(columns):
        return []
    shares = content.shares(columns, similar)
    best = [place for place in np.argsort(-shares, kind="stable")[:REASONS].tolist() if shares[place] > 0]
    return [content.lexicon.told(int(columns[place])) for place in best]


def weighed(method: Method, rarity: Float, ends: NDArray[np.int64], columns: Rows) -> Float:
    """The value of each feature of each item; ends: of the items' columns, none of which is empty."""
    if method == "mean":
        sizes = np.diff(ends, prepend=0)
        return np.repeat(1 / sizes, sizes).astype(np.float32)
    values, begins = rarity[columns], np.append(0, ends[:-1])
    lengths = np.sqrt(np.add.reduceat(values * values, begins))
    return np.asarray(values / np.repeat(lengths, np.diff(ends, prepend=0)), dtype=np.float32)


def scaled(vectors: Vectors, lengths: Lengths) -> Vectors:
    return Vectors(*_scaled(vectors, lengths))


def _scaled(vectors: Vectors, lengths: Lengths) -> Iterator[Float]:
    for matrix, length in zip(vectors, lengths, strict=True):
        yield np.asarray(matrix if length is None else normalised(matrix) * np.float32(length), dtype=np.float32)
