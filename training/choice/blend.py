"""The learned blend: the weight of each part, and which parts are worth having."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from index.ranking.scorer import NextScorer
from index.ranking.settings import COUNTS, LAST, OWN, POPULAR, RecommenderConfig
from training.choice.board import K, questions_of
from training.choice.candidates import tabulate
from training.choice.logit import Fit, Table, fit
from training.choice.materials import Materials
from training.evaluation.metrics import gains
from training.evaluation.split import Prefixes

Names = tuple[str, ...]
OF_ITEM: Names = ("vectors", "alike", *COUNTS, *POPULAR)
# Of a session, the last item has a weight of its own wherever it says something that the others do not.
OF_SESSION: Names = (
    *OF_ITEM,
    *(name + LAST for name in ("vectors", "alike", "after", "next", "both", "recent")),
    *(name for name in OWN if name != "own.last"),
)
OWN_LAST = "own.last"  # tried where the last item may return
ALIKE_ITEMS = 200_000  # beyond this many items a second scan of vectors is not worth its time
SURE = 3.0  # standard errors: a part whose weight is nearer to 0 is left out
NOTHING = 0.3  # standard errors: parts within these say nothing, and go together
# By what a weight is multiplied when it is moved, how often all are tried, and the gain in NDCG@20 that counts as one.
FACTORS, PASSES, ENOUGH = (0.0, 0.5, 0.8, 1.25, 2.0), 2, 2e-4


@dataclass(frozen=True)
class Blended:
    """Weights of one question. value: NDCG@20 of prefixes that the weights were not fitted on. gains: of each."""

    fit: Fit
    value: float
    gains: NDArray[np.float64]

    @property
    def weights(self) -> dict[str, float]:
        return self.fit.as_dict()


def blend(
    materials: Materials,
    config: RecommenderConfig,
    prefixes: Prefixes,
    one_item: bool,
    names: Names,
    seed: int,
    threads: int,
    last_may_return: bool = False,
) -> tuple[Blended, dict[str, float]]:
    """(the fitted weights, value of each part alone), on the validation prefixes.

    config: reading and session rule of the vectors. last_may_return: whether the last item of a prefix may answer it;
    it then has a part of its own.
    """
    if last_may_return:
        names = (*names, OWN_LAST)
    scorer = scorer_of_all(materials, config, names)
    names = tuple(name for name in names if name.removesuffix(LAST) != "alike" or len(scorer) <= ALIKE_ITEMS)
    questions = questions_of(scorer, prefixes.prefixes, one_item)
    gone = [prefix[:0] if last_may_return else prefix[-1:] for prefix in prefixes.prefixes]
    table = tabulate(scorer, questions, prefixes.targets, gone, names, seed, threads)
    kept = thinned(table)
    alone = {name: float(gains(table.columns((name,)).ranks(np.ones(1)), K).mean()) for name in names}
    return crossed(table.columns(kept.names), kept, prefixes.sessions), alone


def scorer_of_all(materials: Materials, config: RecommenderConfig, names: Iterable[str]) -> NextScorer:
    """With all parts there, whatever they will weigh."""
    ones = dict.fromkeys(names, 1.0)
    counts = {name: COUNTS[name] for name in COUNTS if name in ones or name + LAST in ones}
    return materials.scorer(config.model_copy(update={"counts": counts, "item": {"vectors": 1.0}, "session": ones}))


def thinned(table: Table) -> Fit:
    """Parts are left out one by one, the least sure first, until all that are left are sure.

    Each part costs room in the artifact and time in every answer.
    """
    found = fit(table)
    while len(found.names) > 1:
        sure = np.abs(found.weights) / np.maximum(found.errors, 1e-12)
        if sure.min() >= SURE:
            break
        # Of parts that say the same neither is sure, but one is after the other has gone: one at a time, but for those
        # that say nothing at all.
        nothing = sure < NOTHING
        left = ~nothing if nothing.any() else np.arange(len(sure)) != np.argmin(sure)
        table = table.columns(tuple(name for name, stays in zip(found.names, left, strict=True) if stays))
        found = fit(table, found)
    return found


def crossed(table: Table, whole: Fit, sessions: NDArray[np.int64]) -> Blended:
    """What the weights are worth: each half of the sessions is answered with weights found on the other.

    The likeliest weights are not always those that rank best: where they can be moved so that the other half gains by
    more than a standard error, they are.
    """
    half = sessions % 2 == 0
    fitted, moved = np.zeros(len(sessions)), np.zeros(len(sessions))
    for part in (half, ~half):
        if part.any() and not part.all():
            asked, other = table.where(part), table.where(~part)
            likeliest = fit(other, whole)
            fitted[part] = gains(asked.ranks(likeliest.weights), K)
            moved[part] = gains(asked.ranks(sharpened(other, likeliest.weights)), K)
    ahead = moved - fitted
    if ahead.mean() > ahead.std() / np.sqrt(max(1, len(ahead))):
        whole = replace(whole, weights=sharpened(table, whole.weights))
        fitted = moved
    return Blended(whole, float(fitted.mean()), fitted)


def sharpened(table: Table, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights moved one by one, by the factors below, as long as NDCG@20 rises by enough to be told from chance."""
    found, best = weights, float(gains(table.ranks(weights), K).mean())
    for _ in range(PASSES):
        before = found
        for place, factor in product(range(len(weights)), FACTORS):
            tried = found.copy()
            tried[place] *= factor
            value = float(gains(table.ranks(tried), K).mean())
            if value > best + ENOUGH:
                found, best = tried, value
        if found is before:
            break
    return found
