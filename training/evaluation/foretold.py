"""Did the model that serves foretell what came after its training? Asked before it is updated: an update chooses and
measures nothing anew, and is right only as long as what was chosen still holds (Dawid 1984: prequential)."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from index.ranking.recommender import Recommender
from index.report import RANKED_TASKS
from training.baselines.families import FAMILIES
from training.baselines.seen import Seen
from training.corpus import Corpus
from training.evaluation.gate import MIN_PREFIXES
from training.evaluation.metrics import Bootstrap, gains, hits
from training.evaluation.ranks import rank_all, rank_scored
from training.evaluation.split import HeldOut, sample_prefixes

PREFIXES = 1000  # of the new sessions, at most: enough to see that popularity does better
RESAMPLES = 1000


@dataclass(frozen=True)
class Foretold:
    """prefixes: questions asked. hr20: of the model, by task. against_popularity: difference in NDCG@10 and its 95 %
    interval, by task. reasons: why the model is not to be updated."""

    prefixes: int = 0
    hr20: dict[str, float] = field(default_factory=dict)
    against_popularity: dict[str, list[float]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


def foretell(recommender: Recommender, before: Corpus, new: Corpus, threads: int, seed: int) -> Foretold:
    """before: what the model was trained on. new: the sessions since, over the same vocabulary.

    Fewer than MIN_PREFIXES questions say nothing.
    """
    rng = np.random.default_rng(seed)
    may_return = recommender.scorer.config.repeats_last
    prefixes = sample_prefixes(HeldOut(new, np.ones(len(new), dtype=np.int64)), PREFIXES, rng, may_return)
    if len(prefixes) < MIN_PREFIXES:
        return Foretold(len(prefixes))
    found = Foretold(len(prefixes))
    bootstrap = Bootstrap(prefixes.sessions, RESAMPLES, rng)
    popularity = next(FAMILIES["popularity"](Seen(before, threads))).fit()
    for task in RANKED_TASKS:
        asked, targets = prefixes.asked(task), prefixes.targets
        score = partial(recommender.scores, one_item=task == "T1")
        rank = rank_scored if task == "T2" and may_return else rank_all
        ours, theirs = (rank(which, asked, targets, before.items, threads=threads) for which in (score, popularity))
        difference, low, high = bootstrap.interval(gains(ours, 10) - gains(theirs, 10))
        found.hr20[task] = round(float(hits(ours, 20).mean()), 4)
        found.against_popularity[task] = [difference, low, high]
        if high < 0:
            found.reasons.append(
                f"{task}: worse than popularity on the new sessions by {-difference:.4f} NDCG@10 ({low:+.4f} to "
                f"{high:+.4f}): what was chosen for the old ones no longer holds, train whole"
            )
    return found
