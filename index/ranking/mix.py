"""A list mixed of new and known items, and with at most so many of one kind: the settings of one request.

What Anghami reports of its weekly lists: the nearest items alone are not enough, a list is known and discovered songs
in a proportion.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import floor
from typing import Self

import numpy as np

from index.errors import ConfigError
from index.ranking.caps import CappedList, Fields
from index.ranking.diversity import diversify
from index.ranking.readings import Float, Rows
from index.ranking.recommender import Recommender, Wish
from index.search.exact import Mask

POOL = 5  # candidates that are looked at for each result wanted, and as many again where those do not do


@dataclass(frozen=True)
class Mix:
    """max_per: (field of the metadata, how many items of the list may share an element of it). discovery: which share
    of the list is new to the session, 0 to 1, the rest being its own items; None: as `exclude_seen` says."""

    max_per: tuple[tuple[str, int], ...] = ()
    discovery: float | None = None

    @classmethod
    def of(cls, max_per: Mapping[str, int], discovery: float | None, exclude_seen: bool) -> Self:
        """Raises ConfigError for numbers out of range, and where the session's items are to be both in the list and
        left out."""
        if wrong := [name for name, most in max_per.items() if most < 1]:
            raise ConfigError(f"max_per of {wrong[0]!r} must be at least 1")
        if discovery is not None and not 0 <= discovery <= 1:
            raise ConfigError(f"discovery must be 0 to 1, not {discovery:g}")
        if discovery is not None and discovery < 1 and exclude_seen:
            raise ConfigError("discovery below 1 puts items of the session into the list: leave exclude_seen out")
        return cls(tuple(max_per.items()), discovery)

    def __bool__(self) -> bool:
        return bool(self.max_per) or self.discovery is not None

    def new_of(self, k: int) -> int:
        """How many of k are to be new, halves up."""
        return k if self.discovery is None else min(k, floor(self.discovery * k + 0.5))


@dataclass(frozen=True)
class LeftOut:
    """Of the k best items by score, those that are not in the list, by cause. max_per: by field, the first that was in
    the way."""

    max_per: dict[str, int] = field(default_factory=dict)
    discovery: int = 0
    diversity: int = 0


@dataclass(frozen=True)
class Mixed:
    """rows, scores: at most k, best first; with diversity in its order. passed: whether a cap kept any item out. below:
    whether any scored less than the least that was asked for."""

    rows: list[int]
    scores: list[float]
    left_out: LeftOut
    passed: bool = False
    below: bool = False


class Supply:
    """The items that may come into a list, best first, as many as it takes."""

    def __init__(self, ask: Callable[[Mask | None, int], tuple[Rows, Float]], allowed: Mask | None, size: int) -> None:
        """ask: the best so many of the rows of a mask: (rows, scores), fewer where there are no more. allowed: bool
        (n,); None: all."""
        self._ask = ask
        self._allowed = allowed
        self._size = size
        self._rest: tuple[Rows, Float] | None = None
        self._ended = False

    def begin(self, rows: Rows, scores: Float) -> None:
        """The first `size`, which the caller has asked for."""
        self._rest = rows, scores
        self._ended = len(rows) < self._size

    def fill(self, found: CappedList, most: int, items: int) -> None:
        """Adds to the list until it has `most`, or nothing is left that may come. items: how many rows there are.

        Each time at least one item comes or there is nothing left: of a full group none is asked for again.
        """
        while len(found) < most:
            if self._rest is None:
                if self._ended:
                    return
                self.begin(*self._ask(found.remaining(self._allowed, items), self._size))
            rows, scores = self._rest or (np.empty(0, np.int32), np.empty(0, np.float32))
            taken = found.take(rows, scores, most)
            self._rest = (rows[~taken], scores[~taken]) if len(found) >= most else None


def mixed(
    recommender: Recommender,
    wish: Wish,
    mix: Mix,
    fields: Fields,
    vectors: Float,
    diversity: float = 0.0,
    min_score: float | None = None,
) -> Mixed:
    """The list of a wish, with caps and a share of new items. vectors: float32 (n, d), for `diversity`.

    wish.k items come as long as enough exist: a cap is never exceeded, and an item is left out only where one is full;
    where there are too few new items known ones take their place, and the other way round. With `discovery` the wish's
    `exclude_seen` is not looked at. Items without a past may be asked about (the wish's `guests`), and do not come:
    caps and masks are by the rows of the model.
    """
    below = False

    def enough(rows: Rows, scores: Float) -> tuple[Rows, Float]:
        nonlocal below
        if min_score is None:
            return rows, scores
        kept = scores >= min_score
        below = below or not kept.all()
        return rows[kept], scores[kept]

    items, k, size = len(recommender.scorer), wish.k, POOL * wish.k
    wish = replace(wish, newcomers=None, new_allowed=None)
    others = wish if mix.discovery is None else replace(wish, exclude_seen=True, last_may_return=False)
    wishes = [replace(others, k=size)]
    if mix.discovery is not None:
        own = np.zeros(items, dtype=np.bool_)
        own[wish.session[wish.session < items]] = True
        if wish.allowed is not None:
            own &= wish.allowed
        wishes.append(replace(wish, k=max(1, int(own.sum())), allowed=own, exclude_seen=False))
    pools = [enough(*pool) for pool in recommender.among(wishes)]

    def more(mask: Mask | None, count: int) -> tuple[Rows, Float]:
        return enough(*recommender.among([replace(others, k=count, allowed=mask)])[0])

    supply = Supply(more, others.allowed, size)
    supply.begin(*pools[0])
    found = CappedList(mix.max_per, fields, vectors, diversity)
    supply.fill(found, mix.new_of(k), items)
    if mix.discovery is not None:
        found.take(*pools[1], k)
        supply.fill(found, k, items)

    best = _best(pools, k)
    rows, scores = _sorted(np.array(found.rows, dtype=np.int32), np.array(found.scores, dtype=np.float32))
    if diversity and mix.discovery is not None:
        rows, scores = diversify(rows, scores, vectors, k, diversity)
    elif diversity:
        return Mixed(found.rows, found.scores, _left_out(found, best, diversity), found.passed, below)
    return Mixed(rows.tolist(), scores.tolist(), _left_out(found, best, diversity), found.passed, below)


def _best(pools: Sequence[tuple[Rows, Float]], k: int) -> Rows:
    """The k best of all."""
    return _sorted(np.concatenate([rows for rows, _ in pools]), np.concatenate([scores for _, scores in pools]))[0][:k]


def _sorted(rows: Rows, scores: Float) -> tuple[Rows, Float]:
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]


def _left_out(found: CappedList, best: Rows, diversity: float) -> LeftOut:
    out = best[~np.isin(best, found.rows)]
    fields = found.full_fields(out)
    others = fields.count(None)
    by_field = Counter(name for name in fields if name is not None)
    return LeftOut(dict(by_field), 0 if diversity else others, others if diversity else 0)
