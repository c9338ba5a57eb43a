"""The strengths of the map and the length of its vectors, chosen on the validation part by hiding items."""

from collections.abc import Iterator

import numpy as np

from index.artifact.manifest import ContentFacts
from index.content.content import Method, Vectors
from index.ranking.readings import normalised
from training.content.fit import Fitter
from training.content.hidden import DEEP, Hiding, value
from training.content.learn import Design
from training.evaluation.metrics import Ranks, hits

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
LENGTHS = (0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
MOST_LOST = 0.005  # of HR@20 of known items, for the sake of hidden ones
FEWEST = 20  # pairs of a kind, without which nothing is chosen by it


def choose_strengths(
    fitter: Fitter, design: Design, trained: Vectors, hiding: Hiding, method: Method, known: Ranks
) -> ContentFacts:
    """fitter: over the items that are not hidden. known: where the answers of the questions that no hidden item has to
    do with stand when none is hidden. For the ways that have no strength, only the length is chosen.

    One strength for the query, which is best about hidden items. One for the target, with the length: they are best at
    finding them without spoiling the lists of others, which grow worse as longer vectors come first everywhere.
    """
    best = ContentFacts(method=method)
    if method == "map" and len(hiding.rows):
        # What is alike has no questions of its own: nearest to what training made of the items is best.
        near = {s: likeness(fitter, design, trained, hiding, _with(best, similar=s)) for s in STRENGTHS}
        best = _with(best, similar=max(near, key=lambda s: near[s]))
    if method == "map" and len(hiding.asked) >= FEWEST:
        asked = {
            s: value(hiding.asking(made_of(fitter, design, hiding, _with(best, inputs=s))).ranks) for s in STRENGTHS
        }
        best = _with(best, inputs=max(asked, key=lambda s: asked[s]))
    if min(len(hiding.found), len(hiding.known)) < FEWEST:
        return best
    floor = float(hits(known, DEEP).mean()) - MOST_LOST
    asking = hiding.asking(made_of(fitter, design, hiding, best))
    reached = -1.0
    for tried in _targets(best):
        ranks = hiding.hits(asking, made_of(fitter, design, hiding, tried))
        worth = value(ranks.asked) + value(ranks.found)
        if worth > reached and float(hits(ranks.known, DEEP).mean()) >= floor:
            best, reached = tried, worth
    return best


def _targets(start: ContentFacts) -> Iterator[ContentFacts]:
    for length in LENGTHS:
        for strength in STRENGTHS if start.method == "map" else (start.outputs,):
            yield _with(start, outputs=strength, length=length)


def made_of(fitter: Fitter, design: Design, hiding: Hiding, facts: ContentFacts) -> Vectors:
    return fitter.fit(facts).of_columns([design.columns[row] for row in hiding.rows.tolist()])


def likeness(fitter: Fitter, design: Design, trained: Vectors, hiding: Hiding, facts: ContentFacts) -> float:
    """Mean cosine between the hidden items' vectors and what training made of them."""
    made, real = made_of(fitter, design, hiding, facts).similar, trained.similar[hiding.rows]
    return float(np.einsum("ij,ij->i", normalised(made), normalised(real)).mean())


def _with(facts: ContentFacts, **changes: float) -> ContentFacts:
    return facts.model_copy(update=changes)
