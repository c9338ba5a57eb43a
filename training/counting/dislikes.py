"""What dislikes take away: an event that says no to an item counts against its pairs with what was around it."""

import numba as nb
import numpy as np

from training.corpus import Corpus
from training.counting.blocks import HEAVIEST, Reach, Rows, Sums, in_blocks
from training.counting.pairs import PairCounts, small


def disliked_counts(corpus: Corpus, reach: Reach, weight: float, threads: int = 2) -> PairCounts:
    """Row a, column b: how much the dislikes of b count against it as a context of a.

    Each event of a that lies d steps before a dislike of b, or after it, counts `weight` times what a pair d steps
    apart counts ahead, times what the event weighs; the events just before and just after it are 1 step away. Whole
    numbers of the unit, so those of two parts of a log add up to the whole's. The result does not depend on `threads`.
    """
    said = corpus.dislikes
    if said is None or not len(said):
        return PairCounts.none(corpus.items)
    values = np.rint(weight * reach.ahead[: reach.steps()[0]])
    weights = np.ones(len(corpus.tokens)) if corpus.weights is None else np.clip(corpus.weights, 0, HEAVIEST)
    # Where each dislike lies, by its item.
    order = np.argsort(said.items, kind="stable")
    begins = np.concatenate([[0], np.cumsum(np.bincount(said.items, minlength=corpus.items))]).astype(np.int64)
    first, end = corpus.offsets[said.sessions[order]], corpus.offsets[said.sessions[order] + 1]
    place = first + said.positions[order]
    around = np.minimum(place - first, len(values)) + np.minimum(end - place, len(values))
    met = np.bincount(said.items[order], around, corpus.items).astype(np.int64)
    places, events = (begins, place, first, end), (corpus.tokens, weights.astype(np.float64))

    def count(begin: int, sums: Sums, rows: Rows) -> int:
        return int(_count(events, places, values, begin, sums, rows))

    return PairCounts.joined(in_blocks(met, count, small, threads)).transposed()


@nb.njit(cache=True, nogil=True)
def _count(events, places, values, begin, scratch, rows):  # type: ignore[no-untyped-def]
    """What lies around the dislikes of the items `begin`, begin + 1, ..., into `rows`; how many pairs were written."""
    tokens, weights = events
    begins, place, first, end = places
    sums, touched = scratch
    lengths, items, counts = rows
    written = 0
    for k in range(lengths.size):
        row = begin + k
        n = 0
        for i in range(begins[row], begins[row + 1]):
            for position in range(max(first[i], place[i] - values.size), min(end[i], place[i] + values.size)):
                d = place[i] - position if position < place[i] else position - place[i] + 1
                other, count = tokens[position], np.int64(np.rint(values[d - 1] * weights[position]))
                if other != row and count > 0:
                    touched[n] = other
                    n += sums[other] == 0
                    sums[other] += count
        touched[:n].sort()
        for i in range(n):
            items[written + i] = touched[i]
            counts[written + i] = sums[touched[i]]
            sums[touched[i]] = 0
        written += n
        lengths[k] = n
    return written
