"""Pairs of a conversion and all that its session held: the conversion as a context of every item there."""

import numba as nb
import numpy as np

from training.corpus import Corpus
from training.counting.blocks import UNIT, Rows, Sums, in_blocks, roots_of
from training.counting.pairs import PairCounts, small
from training.counting.postings import postings_of
from training.objective.conversions import Conversions, conversions_of


def with_conversions(counts: PairCounts, corpus: Corpus, context: float, threads: int = 2) -> PairCounts:
    """counts: of the pairs that are near each other. context: what a pair with a conversion counts beside them, in
    pairs at distance 1."""
    found = conversions_of(corpus)
    return counts + conversion_counts(corpus, found, context, threads) if len(found) else counts


def conversion_counts(corpus: Corpus, conversions: Conversions, context: float, threads: int = 2) -> PairCounts:
    """Row a, column b: `context` for each event of a in a session where b was converted, wherever b lies (Grbovic &
    Cheng 2018, section 3.1, equation 4), by the geometric mean of what the event and the conversion weigh.

    An item is no context of itself. Whole numbers of the unit, so those of two parts of a log add up to the whole's.
    The result does not depend on `threads`.
    """
    lengths = np.diff(conversions.offsets)
    session = np.repeat(np.arange(len(corpus)), corpus.lengths())
    met = np.bincount(corpus.tokens, lengths[session], corpus.items).astype(np.int64)
    postings = postings_of(corpus)
    roots = roots_of(np.ones(len(corpus.tokens), np.float32) if corpus.weights is None else corpus.weights)
    given = conversions.offsets, conversions.items, roots_of(conversions.weights)

    def count(begin: int, sums: Sums, rows: Rows) -> int:
        return int(_count(session, roots, postings, begin, given, UNIT * context, sums, rows))

    return PairCounts.joined(in_blocks(met, count, small, threads))


@nb.njit(cache=True, nogil=True)
def _count(session, roots, postings, begin, conversions, unit, scratch, rows):  # type: ignore[no-untyped-def]
    """Rows of the items `begin`, begin + 1, ... into `rows`; how many pairs were written."""
    begins, positions = postings
    offsets, converted, converted_roots = conversions
    sums, touched = scratch
    lengths, items, counts = rows
    written = 0
    for k in range(lengths.size):
        row = begin + k
        n = 0
        for posting in range(begins[row], begins[row + 1]):
            position = positions[posting]
            for j in range(offsets[session[position]], offsets[session[position] + 1]):
                other = converted[j]
                count = np.int64(np.rint(unit * roots[position] * converted_roots[j]))
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
