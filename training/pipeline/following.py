"""What comes next after each item, for all items at once: the lists that an artifact stores."""

import numpy as np
from numpy.typing import NDArray

from index.ranking.parts.question import Question
from index.ranking.scorer import NextScorer
from index.search.exact import Floats, Rows, top_k
from training.pipeline.lists import (
    BLOCK,
    EXACT_BELOW,
    RECALL_AT,
    Earlier,
    Lists,
    Progress,
    Wanted,
    best_of,
    hold,
    over,
    sample_of,
    updated,
)

DENSE = 16_000_000  # scores held at once by each thread, where all items are scored
POPULAR = 100  # candidates of every item
SAMPLE = 256  # items that the recall is measured on


def following_all(
    scorer: NextScorer,
    similar: Rows,
    wanted: Wanted,
    progress: Progress,
    earlier: Earlier | None = None,
) -> Lists:
    """similar: the neighbours of each item by `similar`, -1 for padding.

    In a large catalogue an item's candidates are those, all with a count, and the popular ones, each with its exact
    score; in an update those that it had, if it has no new events. Where these miss more than `min_recall` allows of
    the ten best, measured on some items, the wider way is taken; the widest is to score all items.
    """
    items, k, threads = len(scorer), wanted.k, wanted.threads
    everyone = np.arange(items, dtype=np.int32)
    if items > EXACT_BELOW:
        sample = sample_of(items, SAMPLE, wanted.seed)
        truth = _of_all(scorer, sample, RECALL_AT)[1]
        if earlier is not None:
            found = updated(
                earlier.next,
                earlier.changed,
                lambda rows, share: over(
                    rows, BLOCK, threads, lambda part: _of_candidates(scorer, part, similar, k), share
                ),
                lambda asked, pairs: _scored(scorer, asked, pairs),
                k,
                threads,
                progress,
            )
            if hold(found, sample, truth, wanted.min_recall):
                return found
        some = np.full((items, RECALL_AT), -np.inf, dtype=np.float32)
        some[sample] = _of_candidates(scorer, sample, similar, RECALL_AT)[1]
        if hold((everyone, some), sample, truth, wanted.min_recall):
            return over(everyone, BLOCK, threads, lambda rows: _of_candidates(scorer, rows, similar, k), progress)
    return over(everyone, max(1, DENSE // items), threads, lambda rows: _of_all(scorer, rows, k), progress)


def _of_all(scorer: NextScorer, asked: Rows, k: int) -> Lists:
    scores = scorer.dense(_questions(asked), one_item=True)
    scores[np.arange(len(asked)), asked] = -np.inf
    return top_k(scores, k)


def _of_candidates(scorer: NextScorer, asked: Rows, similar: Rows, k: int) -> Lists:
    questions, items = _questions(asked), len(scorer)
    told = scorer.told(scorer.sparse(True), questions)
    near = similar[asked].astype(np.int64)
    near = np.where(near < 0, asked[:, None], near) + np.arange(len(asked))[:, None] * items
    popular = np.arange(POPULAR) + np.arange(len(asked))[:, None] * items  # rows are ordered by how often items occur
    pairs = np.unique(np.concatenate([near.ravel(), popular.ravel(), *(part.at for part in told.values())]))
    question, item = np.divmod(pairs, items)
    pairs = pairs[item != asked[question]]
    return best_of(len(asked), items, pairs, scorer.of_pairs(questions, True, pairs, told), k)


def _scored(scorer: NextScorer, asked: Rows, pairs: NDArray[np.int64]) -> Floats:
    questions = _questions(asked)
    return scorer.of_pairs(questions, True, pairs, scorer.told(scorer.sparse(True), questions))


def _questions(asked: Rows) -> list[Question]:
    return [Question.of_item(asked[i : i + 1]) for i in range(len(asked))]
