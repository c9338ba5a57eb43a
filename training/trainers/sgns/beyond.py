"""Pairs that do not come from the order of a session: which conversions are contexts of a centre."""

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.objective.conversions import conversions_of
from training.objective.signals import Signals
from training.trainers.sgns.noise import below
from training.trainers.sgns.steps import CONTEXTS


class Beyond(NamedTuple):
    """Of session s the conversions are converted[begins[s]:begins[s + 1]], each a context of every centre, counting
    `context`. Without any, `begins` is empty.

    begins: int64. converted: int32.
    """

    context: np.float32
    begins: NDArray[np.int64]
    converted: NDArray[np.int32]


def beyond_of(corpus: Corpus, signals: Signals) -> Beyond:
    begins, converted = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    if signals.conversion_context:
        found = conversions_of(corpus)
        if len(found):
            begins, converted = found.offsets, found.items
    return Beyond(np.float32(signals.conversion_context), begins, converted)


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
