"""All that counts for and against pairs of items, as one matrix of whole numbers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.counting.blocks import Reach
from training.counting.conversions import with_conversions
from training.counting.dislikes import disliked_counts
from training.counting.pairs import PairCounts
from training.objective.signals import Signals

Floats = NDArray[np.float64]


class Pairs(NamedTuple):
    """counts: less than 0 where more says no than yes. sums: of the rows and of the columns, of what says yes alone:
    what a pair is divided by is how often its items are there; None: of all counts."""

    counts: PairCounts
    sums: tuple[Floats, Floats] | None = None


def pairs_of(corpus: Corpus, reach: Reach, signals: Signals, threads: int) -> Pairs:
    counts = PairCounts.of(corpus, reach, threads, corpus.weights)
    if signals.conversion_context:
        counts = with_conversions(counts, corpus, signals.conversion_context, threads)
    if not signals.dislike_weight or not corpus.dislikes:
        return Pairs(counts)
    rows, columns = counts.sums()
    said = disliked_counts(corpus, reach, signals.dislike_weight, threads)
    # An item that is in no pair has no place that it could be pushed away from.
    return Pairs(counts - said.only(rows > 0, columns > 0), (rows, columns))
