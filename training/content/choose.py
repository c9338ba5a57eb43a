"""The strengths of the map, and how new items stand beside trained ones, chosen on the validation part by hiding
items."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from index.artifact.manifest import ContentFacts
from index.content.content import Method, Vectors
from index.ranking.readings import Float, normalised
from training.content.fit import Fitter
from training.content.hidden import Answered, Hiding, value
from training.content.learn import Design

STRENGTHS = (0.3, 2.0, 10.0)
POWERS = (0.0, 0.5, 1.0)  # of how often an item was seen: its weight in the regression
LENGTHS = (1.0, 1.5, 2.0, 3.0, 4.0)
MOST_LOST = 0.005  # of HR@20 of known items, beside lists without any new one
SURE = 1.0  # standard errors between what is lost on validation and MOST_LOST: the test part is another one
FEWEST = 20  # pairs of a kind, without which nothing is chosen by it


class Place(NamedTuple):
    """worth: HR@20 of the questions about hidden items, and of those that a hidden item answers, added up."""

    worth: float
    length: float
    offset: float


def choose_strengths(
    fitter: Fitter, design: Design, trained: Vectors, hiding: Hiding, method: Method, threads: int = 2
) -> ContentFacts:
    """fitter: over the items that are not hidden. For the ways that have no strength, only the place is chosen.

    One strength for the query, which is best about hidden items. One for the target, with the place: they are best at
    finding them without spoiling the lists of others.
    """
    best = ContentFacts(method=method)
    if min(len(hiding.asked), len(hiding.found.pairs), len(hiding.known.pairs)) < FEWEST:
        return best

    def made(facts: ContentFacts) -> Vectors:
        return made_of(fitter, design, hiding, facts)

    def placed(facts: ContentFacts, asking: Answered) -> Place:
        return place(hiding, asking, made(facts))

    with ThreadPoolExecutor(threads) as pool:

        def best_of(changes: str, tried: Sequence[float], worth: Callable[[ContentFacts], float]) -> ContentFacts:
            candidates = [_with(best, **{changes: each}) for each in tried]
            worths = list(pool.map(worth, candidates))
            return candidates[worths.index(max(worths))]

        if method == "map":
            best = best_of("power", POWERS, lambda facts: placed(facts, hiding.asking(made(facts))).worth)
            best = best_of("inputs", STRENGTHS, lambda facts: value(hiding.asking(made(facts)).ranks))
            # What is alike has no questions of its own: nearest to what training made of the items is best.
            best = best_of("similar", STRENGTHS, lambda f: likeness(made(f).similar, trained.similar[hiding.rows]))
        asking = hiding.asking(made(best))
        if method == "map":
            best = best_of("outputs", STRENGTHS, lambda facts: placed(facts, asking).worth)
    found = placed(best, asking)
    return _with(best, length=found.length, offset=found.offset)


def place(hiding: Hiding, asking: Answered, made: Vectors) -> Place:
    """For each length the highest offset that keeps the lists of others; of these the one that finds most."""
    asked, wanted, others = (hiding.scores(part, made) for part in (asking, hiding.found, hiding.known))
    tried = []
    for length in LENGTHS:
        offset = highest(hiding.kept_below(hiding.known, others, length))
        answered = (hiding.kept_below(asking, asked, length) > offset).mean()
        found = (hiding.found_above(wanted, length) < offset).mean()
        tried.append(Place(float(answered + found), length, offset))
    return max(tried, key=lambda place: place.worth)


def highest(below: Float) -> float:
    """The highest offset with which no more than MOST_LOST is lost, by SURE standard errors; never above 0, with which
    new items would come first whatever is asked. below: of each question the offset from which on it is no hit, -inf
    where it never is one."""
    ends = np.sort(below[np.isfinite(below)])
    if not len(ends):
        return 0.0
    lost = np.arange(len(ends)) / len(below)
    within = lost + SURE * np.sqrt(lost * (1 - lost) / len(below)) <= MOST_LOST
    return min(0.0, float(np.nextafter(ends[np.flatnonzero(within)[-1]], np.float32(-np.inf))))


def made_of(fitter: Fitter, design: Design, hiding: Hiding, facts: ContentFacts) -> Vectors:
    return fitter.fit(facts).of_columns([design.columns[row] for row in hiding.rows.tolist()])


def likeness(made: Float, real: Float) -> float:
    """Mean cosine between the hidden items' vectors and what training made of them."""
    return float(np.einsum("ij,ij->i", normalised(made), normalised(real)).mean())


def _with(facts: ContentFacts, **changes: float) -> ContentFacts:
    return facts.model_copy(update=changes)
