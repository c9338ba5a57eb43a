"""Candidates of a search page, ranked by what a user has just done.

Grbovic and Cheng 2018 (Airbnb, KDD), section 4.4: the events of each kind are split by segment (there, the market), a
segment's events have one centroid, and a candidate's similarity to the kind is the largest cosine to any of these.
People look in several places at once: one centroid of all would lie between them, where there is nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.catalogue.values import texts_of
from index.errors import ConfigError
from index.ranking.readings import Float, Rows, normalised
from index.vocabulary import Vocabulary

ACTIONS = ("clicked", "long_clicked", "skipped", "wishlisted", "contacted", "converted")
LAST = "last_long_click"
SIMILARITIES = (*ACTIONS, LAST)
# All that is known of the user counts the same; what was passed over counts half of that, against.
WEIGHTS: dict[str, float] = {**dict.fromkeys(SIMILARITIES, 1.0), "skipped": -0.5}
DAYS = 14.0  # that an event counts (section 4.4)

Segments = Callable[[Sequence[int]], list[Any]]
"""Rows -> what each item has in the field that segments are made of: nothing, one value, or a list."""


class Event(NamedTuple):
    """What the user did to an item. time: epoch seconds; None where it is not known."""

    item: str
    time: float | None = None


@dataclass(frozen=True)
class Scored:
    """One candidate. score: -1 to 1; None where nothing can be said. similarities: by the names of SIMILARITIES,
    cosines or None."""

    item: str
    score: float | None
    similarities: dict[str, float | None]


@dataclass(frozen=True)
class Ranking:
    """candidates: best first; those without a score next, those without a vector last, in the order they were given.
    scores: one each. values: for each those of SIMILARITIES. unknown: ids without a vector, of candidates and events.
    old: how many events of each kind were too long ago to count."""

    candidates: list[str]
    scores: list[float | None]
    values: list[list[float | None]]
    unknown: list[str]
    old: dict[str, int]

    @property
    def items(self) -> list[Scored]:
        """The same, one by one; to make 200 of them takes a third as long as to rank them."""
        lines = zip(self.candidates, self.scores, self.values, strict=True)
        return [Scored(item, score, dict(zip(SIMILARITIES, line, strict=True))) for item, score, line in lines]


def rank(
    vocabulary: Vocabulary,
    vectors: Float,
    candidates: Sequence[str],
    done: Mapping[str, Sequence[Event]],
    weights: Mapping[str, float] = WEIGHTS,
    segments: Segments | None = None,
    since: float | None = None,
) -> Ranking:
    """vectors: float32 (n, d), of any length. done: by the names of ACTIONS, oldest first. weights: of each of
    SIMILARITIES. segments: None: all items are one. since: epoch seconds; what was done
    before does not count, what has no time does.

    score = sum of weight * similarity / sum of |weight|, over the similarities that there are.
    """
    newer = {name: _since(done.get(name, ()), since) for name in ACTIONS}
    old = {name: gone for name in ACTIONS if (gone := len(done.get(name, ())) - len(newer[name]))}
    unknown: set[str] = set()
    events = [_known(vocabulary, [event.item for event in newer[name]], unknown) for name in ACTIONS]
    found_rows = [vocabulary.find(item) for item in candidates]
    places = [place for place, row in enumerate(found_rows) if row is not None]
    without = [item for item, row in zip(candidates, found_rows, strict=True) if row is None]
    rows = np.array([row for row in found_rows if row is not None], dtype=np.int32)
    found = similarities(vectors, rows, [*events, events[ACTIONS.index("long_clicked")][-1:]], segments)
    scores = _scores(found, np.array([weights[name] for name in SIMILARITIES], dtype=np.float32))
    # Equal ones by row, as everywhere; NaN, where there is no score, comes last, in the order it was given.
    order = np.lexsort((np.where(np.isnan(scores), np.arange(len(rows)), rows), -scores))
    nothing: list[float | None] = [None] * len(SIMILARITIES)
    return Ranking(
        [*(candidates[places[at]] for at in order), *without],
        [*_numbers(scores[order]), *[None] * len(without)],
        [*_numbers(found[order]), *[nothing] * len(without)],
        sorted(unknown.union(without)),
        old,
    )


def events_of(done: Mapping[str, Sequence[str | tuple[str, float]]]) -> dict[str, list[Event]]:
    """From ids, or pairs of an id and a time. Raises ConfigError for a name that is none of ACTIONS."""
    if unknown := sorted(set(done) - set(ACTIONS)):
        raise ConfigError(f"{unknown[0]!r} is none of {', '.join(ACTIONS)}")
    return {name: [Event(one) if isinstance(one, str) else Event(*one) for one in some] for name, some in done.items()}


def checked_weights(given: Mapping[str, float]) -> dict[str, float]:
    """All of them: those given, and WEIGHTS. Raises ConfigError for a name that is none of SIMILARITIES."""
    if unknown := sorted(set(given) - set(SIMILARITIES)):
        raise ConfigError(f"{unknown[0]!r} is none of {', '.join(SIMILARITIES)}")
    return {**WEIGHTS, **given}


def similarities(
    vectors: Float, candidates: Rows, events: Sequence[Rows], segments: Segments | None = None
) -> NDArray[np.float32]:
    """float32 (candidates, kinds of events): the largest cosine of the candidate's vector to the centroid of a segment
    of the kind's events, the mean of their unit vectors. NaN for a kind without events. An item without a value is of
    one segment with all others without; one with several values is of each of them."""
    found = np.full((len(candidates), len(events)), np.nan, dtype=np.float32)
    rows, keys, count = _keyed(events, segments)
    if not len(rows):
        return found
    order = np.argsort(keys, kind="stable")
    rows, keys = rows[order], keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    centroids = normalised(np.add.reduceat(normalised(np.asarray(vectors[rows])), starts, axis=0))
    # Candidate by candidate: in one product the last bits of a score would depend on how many others there are.
    cosines = (normalised(np.asarray(vectors[candidates]))[:, None, :] @ centroids.T)[:, 0]
    kinds = keys[starts] // count
    first = np.flatnonzero(np.diff(kinds, prepend=-1))
    found[:, kinds[first]] = np.maximum.reduceat(cosines, first, axis=1)
    return found


def _keyed(events: Sequence[Rows], segments: Segments | None) -> tuple[Rows, NDArray[np.int64], int]:
    """(rows of all events, of each its kind * count + its segment, count): an event of several segments is there
    several times."""
    rows = np.concatenate([np.empty(0, np.int32), *events]).astype(np.int32)
    kinds = np.repeat(np.arange(len(events)), [len(some) for some in events])
    if segments is None:
        return rows, kinds, 1
    flat: list[str | None] = segments(rows.tolist())
    if not all(isinstance(value, str) for value in flat):  # most often each has one
        names: list[Sequence[str | None]] = [
            (value,) if isinstance(value, str) else texts_of(value) or (None,) for value in flat
        ]
        flat, lengths = list(chain.from_iterable(names)), list(map(len, names))
        rows, kinds = np.repeat(rows, lengths), np.repeat(kinds, lengths)
    codes = {name: code for code, name in enumerate(dict.fromkeys(flat))}
    segment = np.fromiter(map(codes.__getitem__, flat), np.int64, len(flat))
    count = max(1, len(codes))
    return rows, kinds * count + segment, count


def _scores(found: Float, weights: Float) -> NDArray[np.float32]:
    """(candidates,), NaN where there is no similarity that has a weight."""
    there = ~np.isnan(found)
    total = np.einsum("ij,j->i", np.where(there, found, 0), weights)
    scale = there @ np.abs(weights)
    scores = np.full(len(found), np.nan, dtype=np.float32)
    np.divide(total, scale, out=scores, where=scale > 0)
    return scores


def _known(vocabulary: Vocabulary, items: Sequence[str], unknown: set[str]) -> Rows:
    """The rows of those with a vector; the others are added to `unknown`."""
    rows = vocabulary.known_rows(items)
    if len(rows) < len(items):
        unknown.update(item for item in items if item not in vocabulary)
    return rows


def _since(events: Sequence[Event], since: float | None) -> list[Event]:
    return [event for event in events if since is None or event.time is None or event.time >= since]


def _numbers(values: Float) -> list[Any]:
    """None for NaN."""
    numbers = values.astype(object)
    numbers[np.isnan(values)] = None
    found: list[Any] = numbers.tolist()
    return found
