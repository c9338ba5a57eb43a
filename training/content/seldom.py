"""Items that were seldom seen: their vectors stand between what was learnt and what their content says."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import ContentFacts
from index.content.content import Vectors
from index.search.exact import Mask
from training.content.fit import Fitter
from training.content.hidden import DEEP
from training.content.learn import Design
from training.content.ridge import ENOUGH
from training.evaluation.metrics import Ranks, gains, hits
from training.trainers.spaces import Spaces
from training.trainers.trainer import Embeddings

SELDOM = 10  # sights up to which an item is seldom seen
SIGHTS = (3.0, 10.0, 30.0)  # of `seldom`; 0 besides
SURE = 1.96  # standard errors that the gain is above 0
HARMLESS = 0.001  # of hit rate and discounted gain together, of questions that have nothing to do with those
FEWEST = 20  # questions, without which nothing is chosen
SHARES = 20  # content counts less than a 21st beyond so many times `seldom` sights, and is left out


class Blend:
    """Vectors between what was learnt and what the content says. counts: of the rows. most: the highest share that
    `at` is asked for. enough: as `ridge` has it."""

    def __init__(
        self,
        spaces: Spaces,
        design: Design,
        counts: NDArray[np.int64],
        facts: ContentFacts,
        most: float,
        enough: float = ENOUGH,
    ) -> None:
        rows = design.described
        self._rows = rows[counts[rows] < SHARES * most]
        self._counts = counts
        self._spaces = spaces
        columns = [design.columns[row] for row in self._rows.tolist()]

        def made(space: Embeddings) -> Vectors:
            nothing = np.zeros((len(space.inputs), 1), dtype=np.float32)
            trained = Vectors(space.inputs, space.outputs, nothing)
            return Fitter(design, trained, counts, enough=enough).fit(facts).of_columns(columns)

        self._next = made(spaces.next)
        self._similar = self._next if spaces.similar is spaces.next else made(spaces.similar)

    def at(self, sights: float) -> Spaces:
        """Each row v that the catalogue describes becomes (n v + sights c) / (n + sights): n its sights, c what the map
        makes of its content, of the usual length."""
        following = self._mixed(self._spaces.next, self._next, sights)
        if self._spaces.similar is self._spaces.next:
            return Spaces(following, following)
        return Spaces(following, self._mixed(self._spaces.similar, self._similar, sights))

    def _mixed(self, learnt: Embeddings, made: Vectors, sights: float) -> Embeddings:
        near = np.flatnonzero(self._counts[self._rows] < SHARES * sights)
        rows = self._rows[near]
        share = np.asarray(sights / (self._counts[rows] + sights), dtype=np.float32)[:, None]
        inputs, outputs = np.array(learnt.inputs, np.float32), np.array(learnt.outputs, np.float32)
        for matrix, content in ((inputs, made.inputs), (outputs, made.outputs)):
            matrix[rows] = (1 - share) * matrix[rows] + share * content[near]
        return Embeddings(inputs, outputs)


def shares_that_pay(
    spaces: Spaces,
    design: Design,
    counts: NDArray[np.int64],
    facts: ContentFacts,
    ranks: Callable[[Spaces], Ranks],
    of_seldom: Mask,
    enough: float,
) -> ContentFacts:
    """facts with the `seldom` that answers questions about such items best; 0 where that is not sure, or where others
    lose by it. ranks: of the answers, with these spaces. of_seldom: which questions have to do with an item seen at
    most SELDOM times. enough: as `ridge` has it."""
    if of_seldom.sum() < FEWEST:
        return facts
    blend = Blend(spaces, design, counts, facts, max(SIGHTS), enough)
    base, best, reached = ranks(spaces), facts, 0.0
    for sights in SIGHTS:
        tried = facts.model_copy(update={"seldom": sights})
        found = ranks(blend.at(sights))
        gain = hits(found, DEEP) - hits(base, DEEP) + gains(found, DEEP) - gains(base, DEEP)
        of_those, of_others = gain[of_seldom], gain[~of_seldom]
        sure = of_those.mean() - SURE * of_those.std() / np.sqrt(len(of_those)) > 0
        harmless = not len(of_others) or of_others.mean() > -HARMLESS
        if sure and harmless and of_those.mean() > reached:
            best, reached = tried, float(of_those.mean())
    return best
