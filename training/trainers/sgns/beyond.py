"""Pairs that do not come from the order of a session: conversions are contexts of a centre, dislikes its negatives."""

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.objective.conversions import conversions_of
from training.objective.dislikes import Dislikes
from training.objective.signals import Signals
from training.trainers.sgns.noise import below
from training.trainers.sgns.steps import CONTEXTS


class Beyond(NamedTuple):
    """Of session s the conversions are converted[begins[s]:begins[s + 1]], each a context of every centre, counting
    `context`.

    begins: int64. converted: int32.

    Its dislikes are disliked[said[s]:said[s + 1]], each after so many of its events as `places` says; each is a
    negative of the centres near it, counting `dislike`. most: in one session.

    said: int64. places, disliked: int32.
    """

    context: np.float32
    begins: NDArray[np.int64]
    converted: NDArray[np.int32]
    dislike: np.float32
    said: NDArray[np.int64]
    places: NDArray[np.int32]
    disliked: NDArray[np.int32]
    most: int


def beyond_of(corpus: Corpus, signals: Signals) -> Beyond | None:
    """None where there are neither conversions nor dislikes that count."""
    none = np.zeros(len(corpus) + 1, dtype=np.int64)
    begins, converted = none, np.empty(0, dtype=np.int32)
    if signals.conversion_context:
        found = conversions_of(corpus)
        if len(found):
            begins, converted = found.offsets, found.items
    no = corpus.dislikes if signals.dislike_weight and corpus.dislikes else Dislikes.none()
    if not len(converted) and not len(no):
        return None
    said = no.begins(len(corpus)) if len(no) else none
    most = int(np.diff(said).max(initial=0))
    weights = np.float32(signals.conversion_context), np.float32(signals.dislike_weight)
    return Beyond(weights[0], begins, converted, weights[1], said, no.positions, no.items, most)


@nb.njit(cache=True, nogil=True)
def conversions(beyond, session, centre, out, rng):  # type: ignore[no-untyped-def]
    """(how many contexts are in `out`, what each counts beside what the centre does). out: int32, room for CONTEXTS.

    More than fit are drawn, any of them as likely, and count for those that are left out.
    """
    context, begins, converted = beyond.context, beyond.begins, beyond.converted
    begin, end = begins[session], begins[session + 1]
    others = end - begin
    for j in range(begin, end):
        if converted[j] == centre:  # an item says nothing about itself
            others -= 1
    taken = min(others, CONTEXTS)
    if taken == 0:
        return 0, np.float32(0)
    at = begin if others <= CONTEXTS else begin + below(rng, end - begin)
    n = 0
    while n < taken:
        if converted[at] != centre:
            out[n] = converted[at]
            n += 1
        at = begin if at + 1 == end else at + 1
    return n, context * np.float32(others) / np.float32(taken)


@nb.njit(cache=True, nogil=True)
def place(beyond, session, begin, kept, length, out):  # type: ignore[no-untyped-def]
    """Fills `out` with where the session's dislikes lie among the events that subsampling has left; how many there are.

    begin: the session's first token. kept: int64, the tokens that are left, of which there are `length`. out: int32,
    room for `most`.
    """
    said, places = beyond.said, beyond.places
    n = 0
    before = 0
    for j in range(said[session], said[session + 1]):
        while before < length and kept[before] < begin + places[j]:
            before += 1
        out[n] = before
        n += 1
    return n


@nb.njit(cache=True, nogil=True)
def dislikes(beyond, session, where, count, c, centre, reach, out):  # type: ignore[no-untyped-def]
    """How many negatives are in `out`: the dislikes at most `reach` steps from place c of the session. where, count: as
    `place` leaves them. The event just before a dislike and the one just after it are 1 step away."""
    said, disliked = beyond.said, beyond.disliked
    low, high = 0, count
    while low < high:  # the first one that is not too far before the centre
        middle = (low + high) // 2
        if where[middle] < c + 1 - reach:
            low = middle + 1
        else:
            high = middle
    n = 0
    while low < count and where[low] <= c + reach:
        item = disliked[said[session] + low]
        out[n] = item
        n += item != centre
        low += 1
    return n
