"""Items that were seldom seen: their vectors stand between what was learnt and what their content says."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import ContentFacts
from index.content.content import Vectors
from index.ranking.readings import Float, Rows
from index.search.exact import Mask
from training.content.fit import Fitter
from training.content.hidden import DEEP
from training.content.learn import Design
from training.evaluation.metrics import Ranks, gains, hits
from training.trainers.spaces import Spaces
from training.trainers.trainer import Embeddings

SELDOM = 10  # sights up to which an item is rare
SIGHTS = (1.0, 3.0, 10.0)  # of `rare`; 0 besides
SURE = 1.96  # standard errors that the gain is above 0
HARMLESS = 0.001  # of hit rate and discounted gain together, of questions that have nothing to do with rare items
FEWEST = 20  # questions, without which nothing is chosen
SHARES = 20  # content counts less than a 21st beyond so many times `rare` sights, and is left out


def blended(spaces: Spaces, design: Design, counts: NDArray[np.int64], facts: ContentFacts) -> Spaces:
    """Each row that the catalogue describes, v, becomes (n v + rare c) / (n + rare): n its sights, c what the map makes
    of its content, of the usual length. The same object where `facts.rare` is 0. counts: of the rows."""
    if not facts.rare:
        return spaces
    rows = design.described
    rows = rows[counts[rows] < SHARES * facts.rare]
    if not len(rows):
        return spaces
    following = _blended(spaces.next, rows, design, counts, facts)
    if spaces.similar is spaces.next:
        return Spaces(following, following)
    return Spaces(following, _blended(spaces.similar, rows, design, counts, facts))


def shares_that_pay(
    spaces: Spaces,
    design: Design,
    counts: NDArray[np.int64],
    facts: ContentFacts,
    ranks: Callable[[Spaces], Ranks],
    rare: Mask,
) -> ContentFacts:
    """facts with the `rare` that answers questions about rare items best; 0 where that is not sure, or where others
    lose by it. ranks: of the answers, with these spaces. rare: which questions have to do with an item seen at most
    SELDOM times."""
    if rare.sum() < FEWEST:
        return facts
    base, best, reached = ranks(spaces), facts, 0.0
    for sights in SIGHTS:
        tried = facts.model_copy(update={"rare": sights})
        found = ranks(blended(spaces, design, counts, tried))
        gain = hits(found, DEEP) - hits(base, DEEP) + gains(found, DEEP) - gains(base, DEEP)
        of_rare, of_others = gain[rare], gain[~rare]
        sure = of_rare.mean() - SURE * of_rare.std() / np.sqrt(len(of_rare)) > 0
        harmless = not len(of_others) or of_others.mean() > -HARMLESS
        if sure and harmless and of_rare.mean() > reached:
            best, reached = tried, float(of_rare.mean())
    return best


def _blended(
    space: Embeddings, rows: Rows, design: Design, counts: NDArray[np.int64], facts: ContentFacts
) -> Embeddings:
    nothing = np.zeros((len(space.inputs), 1), dtype=np.float32)
    content = Fitter(design, Vectors(space.inputs, space.outputs, nothing), counts).fit(facts)
    made = content.of_columns([design.columns[row] for row in rows.tolist()])
    share = np.asarray(facts.rare / (counts[rows] + facts.rare), dtype=np.float32)[:, None]
    inputs = _mixed(space.inputs, made.inputs, rows, share)
    return Embeddings(inputs, _mixed(space.outputs, made.outputs, rows, share))


def _mixed(learnt: Float, made: Float, rows: Rows, share: Float) -> Float:
    matrix = np.array(learnt, dtype=np.float32)
    matrix[rows] = (1 - share) * matrix[rows] + share * made
    return matrix
