"""Item types and user types in one space, and what users of a type go for (Grbovic & Cheng 2018, section 3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import Catalogue
from index.errors import TypeUnknown
from index.ranking.readings import normalised
from index.search.exact import Floats, Mask, Rows
from index.types.buckets import Buckets, key_of

NO_TYPE = -1
SHOWN = 5
NEAR = 0.5  # a cosine: types that the same users go for
NO_USERS = "the model knows no types of users: train with types.item and types.user"
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Kinds:
    """The types of one side. labels: their names, most events first. vectors: float32 (types, d), of length 1, or 0.
    counts: int64 (types,), events that were learnt from."""

    buckets: Buckets
    labels: Sequence[str]
    vectors: Floats
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def keys(self) -> list[str]:
        return [key_of(label) for label in self.labels]

    @cached_property
    def _places(self) -> dict[str, int]:
        keys = {key: place for place, key in enumerate(self.keys)}
        return keys | {label: place for place, label in enumerate(self.labels)}

    def find(self, text: str) -> int | None:
        """By key or by name."""
        return self._places.get(text)

    def of(self, values: Sequence[Any]) -> int | None:
        """By the values of its columns; None where there is no such type."""
        label = self.buckets.label(values)
        return None if label is None else self._places.get(label)


@dataclass(frozen=True)
class Pairs:
    """How often users of a type met items of a type, by user type: the item types of user type u are
    items[offsets[u]:offsets[u + 1]], int32, with counts, int64."""

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    counts: NDArray[np.int64]

    def of(self, user: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        some = slice(int(self.offsets[user]), int(self.offsets[user + 1]))
        return self.items[some], self.counts[some]


@dataclass(frozen=True)
class Weights:
    """sharpness: what an affinity counts in the logarithm of a share. prior: as how many
    events of a user type that estimate counts beside its own events; None: these do not count at all."""

    sharpness: float
    prior: float | None


@dataclass(frozen=True)
class Types:
    """rows: int32 (n,), the item type of each row of the vocabulary, NO_TYPE without one. users, pairs: None where the
    log says nothing of its users."""

    items: Kinds
    rows: Rows
    users: Kinds | None
    pairs: Pairs | None
    weights: Weights

    def over(self, ids: Sequence[str], catalogue: Catalogue) -> "Types":
        """Of another vocabulary. ids: row -> item."""
        columns = self.items.buckets.columns
        places = [self.items.of([catalogue.field(item, column) for column in columns]) for item in ids]
        rows = np.array([NO_TYPE if place is None else place for place in places], dtype=np.int32)
        return replace(self, rows=rows)

    def user(self, text: str) -> int:
        """A user type, by key or by name. Raises TypeUnknown."""
        if self.users is None:
            raise TypeUnknown(NO_USERS)
        place = self.users.find(text)
        if place is None:
            some = ", ".join(self.users.keys[:SHOWN])
            more = f", ... ({len(self.users):,} in all)" if len(self.users) > SHOWN else ""
            raise TypeUnknown(f"no user type is called {text[:200]!r}; there are {some}{more}")
        return place

    def user_with(self, attributes: Mapping[str, Any]) -> int | None:
        """The type of a user with these values by column; None where no such user was met."""
        if self.users is None:
            return None
        return self.users.of([attributes.get(column) for column in self.users.buckets.columns])

    def affinities(self, user: int) -> Floats:
        """float32 (item types,): how much nearer each item type is to this user type than to users in the mean."""
        assert self.users is not None
        found: Floats = self.items.vectors @ self._users[user]
        return found

    @cached_property
    def _users(self) -> Floats:
        assert self.users is not None
        return centred(self.users.vectors, self.users.counts)

    @cached_property
    def _items(self) -> Floats:
        return normalised(centred(self.items.vectors, self.items.counts))

    def shares(self, user: int) -> Shares:
        """float64 (item types,): which share of what users of this type do goes to items of each type.

        By the vectors, a share is proportional to count(l) exp(sharpness affinity(u, l)): popularity, turned towards
        what is nearer to this type than to others. Beside it stands what was counted for the type itself, so that
        frequent types speak for themselves and rare ones as their neighbours do.
        """
        assert self.pairs is not None
        expected = estimate(self.affinities(user), self.items.counts, self.weights.sharpness)
        return smoothed(expected, *self.pairs.of(user), self.weights)

    def ranks_near(self, item_type: int) -> NDArray[np.int64]:
        """int64 (item types,): 0 for the type itself, then by the cosine; -1 for types that are not near. Vectors are
        taken from their mean on: what all types have in common makes none of them near."""
        cosines = self._items @ self._items[item_type]
        cosines[item_type] = np.inf
        ranks = np.empty(len(cosines), dtype=np.int64)
        ranks[np.argsort(-cosines, kind="stable")] = np.arange(len(cosines))
        return np.where(cosines >= NEAR, ranks, -1)

    def first(self, ranks: NDArray[np.int64], allowed: Mask, k: int) -> Rows:
        """The first k allowed rows by the rank of their type, exactly; within a type by row, which is by popularity.
        Types of rank -1 do not come."""
        typed = np.flatnonzero(allowed & (self.rows != NO_TYPE))
        own = ranks[self.rows[typed]]
        rows = typed[own >= 0]
        keys = own[own >= 0] * len(self.rows) + rows
        if len(rows) > k:
            some = np.argpartition(keys, k - 1)[:k]
            rows, keys = rows[some], keys[some]
        return rows[np.argsort(keys)].astype(np.int32)

    def best(self, shares: Shares, counts: NDArray[np.int64], allowed: Mask, k: int) -> tuple[Rows, Shares]:
        """The k rows that users of a type with these shares go for most, exactly: (rows, expected share of each item).

        An item's share is that of its type, by the item's part of the type's events; so items of one type stand in the
        order of their popularity. counts: int64 (n,), events of each row. Ties stand in the order of the rows.
        """
        typed = self.rows != NO_TYPE
        totals = np.bincount(self.rows[typed], weights=counts[typed], minlength=len(self.items))
        per_event = np.divide(shares, totals, out=np.zeros(len(shares)), where=totals > 0)
        scores = np.where(typed & allowed, per_event[self.rows] * counts, 0.0)
        rows = np.flatnonzero(scores > 0)
        if len(rows) > k:
            bar = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
            rows = rows[scores[rows] >= bar]
        rows = rows[np.argsort(-scores[rows], kind="stable")][:k]
        return rows.astype(np.int32), scores[rows]


def centred(vectors: Floats, counts: NDArray[np.int64]) -> Floats:
    """float32 (types, d): less their mean by counts. Popular types are near to everybody; what is left is not that.
    Zeros, of types without a vector, stay as they are."""
    if not counts.any():
        return vectors
    mean = np.average(vectors, axis=0, weights=counts)
    there = np.any(vectors, axis=1, keepdims=True)
    return np.where(there, vectors - mean, 0).astype(np.float32)


def estimate(affinities: Floats, counts: NDArray[np.int64], sharpness: float) -> Shares:
    """float64 (item types,), adds up to 1. See `Types.shares`."""
    with np.errstate(divide="ignore"):
        logits = np.log(counts.astype(np.float64)) + sharpness * affinities.astype(np.float64)
    found = np.exp(logits - logits.max())
    return np.asarray(found / found.sum(), dtype=np.float64)


def smoothed(expected: Shares, items: NDArray[np.int32], counts: NDArray[np.int64], weights: Weights) -> Shares:
    """expected, beside what was counted."""
    if weights.prior is None:
        return expected
    found = expected * weights.prior
    found[items] += counts
    return np.asarray(found / found.sum(), dtype=np.float64)
