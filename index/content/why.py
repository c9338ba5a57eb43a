"""Why an item without a past is near another one."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from index.content.content import reasons
from index.content.newcomers import Newcomers
from index.ranking.parts.question import Question
from index.ranking.scorer import NextScorer
from index.search.exact import Floats
from index.why.explanation import Explanation, Place

Fields = Callable[[str], Mapping[str, Any]]


def explained(
    pair: tuple[str, str],
    rows: tuple[int, int],
    question: Question,
    scorer: NextScorer,
    vectors: Floats,
    newcomers: Newcomers,
    fields: Fields,
) -> Explanation:
    """pair, rows: of the item that is asked about and of the candidate, one of them a newcomer. question: about the
    former. vectors: of the trained items, for `similar`."""
    a, b = rows
    items = len(vectors)
    both = np.concatenate([vectors, newcomers.similar[: newcomers.used]])
    q, lift = scorer.asked([question], True, scorer.told(scorer.sparse(True), [question]))
    new = newcomers.targets[: newcomers.used] @ q[0] + lift[0]
    after, similar = np.concatenate([scorer.dense([question], True)[0], new]), both @ both[a]
    # What may not be listed stands before nobody.
    out = np.append(np.zeros(items, np.bool_), ~newcomers.shown[: newcomers.used])
    out[[a, b]] = False
    similar[out] = after[out] = -np.inf
    content = {
        item: reasons(newcomers.content, fields(item), both[other])
        for item, row, other in zip(pair, rows, (b, a), strict=True)
        if row >= items
    }
    return Explanation(*pair, None, Place.of(similar, a, b), Place.of(after, a, b), {}, content=content)
