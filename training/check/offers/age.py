"""An offer by the clock: whether what people like changes while the log runs."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from training.check.offers.offer import Facts, Offer, offer
from training.check.tally import DAY
from training.check.text import percent
from training.corpus import Corpus

NEWEST = 0.1  # of the sessions
SHORT = 28  # days: a shorter log is all of today
DRIFT = 0.1
HALF_LIVES, SHORTEST = 3, 7  # of a log, and days


def age(facts: Facts) -> Iterator[Offer]:
    exam = facts.exam
    if exam.sessions is None or exam.clock_kind != "clock" or exam.config.sessions.half_life_days:
        return
    corpus = exam.sessions.corpus
    days = float(np.ptp(np.quantile(corpus.ends, (0.001, 0.999)))) / DAY if len(corpus) else 0.0
    moved = drift(corpus) if days >= SHORT else 0.0
    if moved >= DRIFT:
        half_life = float(max(SHORTEST, round(days / HALF_LIVES)))
        reason = (
            f"the log has {days:,.0f} days, and {percent(moved)} of what happens in the newest {percent(NEWEST)} of "
            "its sessions is of other items than before, chance left out"
        )
        yield offer("age", {"sessions": {"half_life_days": half_life}}, reason)


def drift(corpus: Corpus) -> float:
    """How far the newest sessions' events are spread otherwise over the items than those before: half of the sum of
    the differences of their shares, less what it is for as many sessions at random. 0 to 1, from below 0 on by luck.
    """
    count = max(1, round(NEWEST * len(corpus)))
    newest, drawn = np.zeros((2, len(corpus)), dtype=np.bool_)
    newest[np.argsort(corpus.ends, kind="stable")[-count:]] = True
    drawn[np.random.default_rng(1).permutation(len(corpus))[:count]] = True
    return apart(corpus, newest) - apart(corpus, drawn)


def apart(corpus: Corpus, some: NDArray[np.bool_]) -> float:
    """some: bool (sessions,), compared with the others."""
    inside = np.repeat(some, corpus.lengths())
    mine, others = (
        np.bincount(tokens, minlength=corpus.items) / max(1, len(tokens))
        for tokens in (corpus.tokens[inside], corpus.tokens[~inside])
    )
    return float(np.abs(mine - others).sum() / 2)
