"""What comes next after each item, for all items at once: the lists that an artifact stores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from index.ranking.parts.question import Question
from index.ranking.scorer import NextScorer
from index.search.builder import recall_of
from index.search.exact import Floats, Rows, top_k

BLOCK = 256  # items asked from at once
DENSE = 16_000_000  # scores held at once by each thread, where all items are scored
EXACT_BELOW = 10_000  # items: fewer are all scored
POPULAR = 100  # candidates of every item
SAMPLE = 256  # items that the recall is measured on

Progress = Callable[[float], None]


def following_all(
    scorer: NextScorer, similar: Rows, k: int, threads: int, min_recall: float, seed: int, progress: Progress
) -> tuple[Rows, Floats]:
    """int32 rows and float32 scores, both (items, k), best first, ties by row, padded with -1 and -inf.

    similar: the neighbours of each item by `similar`, -1 for padding. In a large catalogue an item's candidates are
    those, all with a count, and the popular ones, each with its exact score. Where these miss more than `min_recall`
    allows of the ten best, measured on some items, all items are scored.
    """
    items = len(scorer)
    if items > EXACT_BELOW:
        sample = np.sort(np.random.default_rng(seed).permutation(items)[:SAMPLE]).astype(np.int32)
        truth, found = _of_all(scorer, sample, 10)[1], _of_candidates(scorer, sample, similar, 10)[1]
        if recall_of(found, truth) >= min_recall:
            return _over(items, BLOCK, threads, lambda rows: _of_candidates(scorer, rows, similar, k), progress)
    return _over(items, max(1, DENSE // items), threads, lambda rows: _of_all(scorer, rows, k), progress)


def _over(
    items: int, block: int, threads: int, find: Callable[[Rows], tuple[Rows, Floats]], progress: Progress
) -> tuple[Rows, Floats]:
    blocks = [np.arange(begin, min(items, begin + block), dtype=np.int32) for begin in range(0, items, block)]
    found = []
    with ThreadPoolExecutor(threads) as pool:
        for done, part in enumerate(pool.map(find, blocks), 1):
            found.append(part)
            progress(done / len(blocks))
    rows, scores = (np.concatenate(part) for part in zip(*found, strict=True))
    return rows, scores


def _of_all(scorer: NextScorer, asked: Rows, k: int) -> tuple[Rows, Floats]:
    scores = scorer.dense(_questions(asked), one_item=True)
    scores[np.arange(len(asked)), asked] = -np.inf
    return top_k(scores, k)


def _of_candidates(scorer: NextScorer, asked: Rows, similar: Rows, k: int) -> tuple[Rows, Floats]:
    questions, items = _questions(asked), len(scorer)
    told = scorer.told(scorer.sparse(True), questions)
    near = similar[asked].astype(np.int64)
    near = np.where(near < 0, asked[:, None], near) + np.arange(len(asked))[:, None] * items
    popular = np.arange(POPULAR) + np.arange(len(asked))[:, None] * items  # rows are ordered by how often items occur
    pairs = np.unique(np.concatenate([near.ravel(), popular.ravel(), *(part.at for part in told.values())]))
    question, item = np.divmod(pairs, items)
    other = item != asked[question]
    question, item, pairs = question[other], item[other].astype(np.int32), pairs[other]
    counts = np.bincount(question, minlength=len(asked))
    place = np.arange(len(question)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = max(int(counts.max(initial=0)), k)
    scores = np.full((len(asked), width), -np.inf, dtype=np.float32)
    rows = np.full(scores.shape, -1, dtype=np.int32)
    rows[question, place] = item
    scores[question, place] = scorer.of_pairs(questions, True, pairs, told)
    places, best = top_k(scores, k)
    return np.where(places >= 0, np.take_along_axis(rows, np.maximum(places, 0), axis=1), -1).astype(np.int32), best


def _questions(asked: Rows) -> list[Question]:
    return [Question.of_item(asked[i : i + 1]) for i in range(len(asked))]
