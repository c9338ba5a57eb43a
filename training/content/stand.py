"""How trained items stand in the lists of `next`, which is what items without a past are measured by."""

import numpy as np
from numpy.typing import NDArray

from index.content.content import Vectors
from index.content.standing import Standing, deviations
from index.ranking.parts.question import Question
from index.ranking.scorer import NextScorer

SAMPLE = 2000  # questions, and items


def usual_standing(scorer: NextScorer, trained: Vectors, counts: NDArray[np.int64]) -> Standing:
    """The spread of what is asked, the median deviation of what is scored, no offset. Items are asked about as often as
    they are seen. counts: of the rows."""
    share = np.cumsum(np.maximum(counts, 1))
    number = min(SAMPLE, len(counts))
    asked = np.searchsorted(share, (np.arange(number) + 0.5) / number * share[-1]).astype(np.int32)
    q = scorer.queries([Question.of_item(asked[i : i + 1]) for i in range(number)], True)
    spread = np.asarray(q.T @ q / number, dtype=np.float32)
    some = np.unique(np.linspace(0, len(counts) - 1, number).astype(np.int64))
    targets = scorer.with_standing(None).beside(*(part[some] for part in trained))
    return Standing(spread, float(np.median(deviations(targets, spread))), 0.0)
