"""Where the finally converted item ranks, by clicks left before the conversion (Grbovic & Cheng 2018, figure 6)."""

from collections.abc import Sequence

import numpy as np

from index.report import ConversionPoint, ConversionRanks
from training.baselines.baseline import Method, Rows
from training.evaluation.metrics import hits
from training.evaluation.ranks import rank_all
from training.evaluation.split import HeldOut

MOST_CLICKS = 17
FEWEST_SESSIONS = 20  # fewer say nothing of a median


def conversions(held_out: HeldOut, methods: Sequence[Method], items: int, threads: int) -> tuple[ConversionPoint, ...]:
    """One point for each number of clicks left, 1 to 17, that at least 20 sessions have. Empty where the log does not
    say what was converted.

    For each held-out session with a conversion of an item: the prefix that ends so many clicks before it, none of them
    the item itself at the end of the prefix.
    """
    corpus = held_out.corpus
    if corpus.converted is None:
        return ()
    asked: dict[int, tuple[list[Rows], list[int]]] = {left: ([], []) for left in range(1, MOST_CLICKS + 1)}
    for i in range(len(corpus)):
        session = corpus.session(i)
        converted = np.flatnonzero(corpus.converted[corpus.offsets[i] : corpus.offsets[i + 1]])
        at = int(converted[-1]) if len(converted) else 0
        for left in range(1, min(at, MOST_CLICKS) + 1):
            prefix = session[: at - left + 1]
            if prefix[-1] != session[at]:
                asked[left][0].append(prefix)
                asked[left][1].append(int(session[at]))
    curve = []
    for left, (prefixes, targets) in asked.items():
        if len(prefixes) < FEWEST_SESSIONS:
            continue
        found = {}
        for method in methods:
            ranks = rank_all(method.scores, prefixes, np.array(targets, dtype=np.int32), items, threads=threads)
            hr20 = float(hits(ranks, 20).mean())
            found[method.name] = ConversionRanks(median_rank=float(np.median(ranks)), hr20=hr20)
        curve.append(ConversionPoint(clicks_left=left, sessions=len(prefixes), methods=found))
    return tuple(curve)
