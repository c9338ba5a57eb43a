"""Why two items are close, or why the second is not in the first's list: figures, and the same in words."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from index.evidence import PairEvidence

# What keeps an item out of a list: it has no vector, it is the same item, it is not among the stored neighbours by
# one of the scores, or it is hidden by now.
Obstacle = Literal["vector", "same", "similar", "next", "hidden"]


class Place(NamedTuple):
    """Where one item stands among all items for another. rank: from 1."""

    score: float
    rank: int

    @classmethod
    def of(cls, scores: NDArray[np.float32], item: int, candidate: int) -> Self:
        """The candidate's place; scores: of all items for `item`, which is not counted itself. Ties go by row."""
        own = scores[candidate]
        above = scores > own
        above[:candidate] |= scores[:candidate] == own
        above[item] = False
        return cls(float(own), int(above.sum()) + 1)


@dataclass(frozen=True)
class Explanation:
    """pair: what the training sessions say of the two; similar, next: the candidate's place for the item. All three are
    None where either item has no vector, or both are the same. missing: why the candidate is not in the item's list."""

    item: str
    candidate: str
    pair: PairEvidence | None
    similar: Place | None
    next: Place | None
    missing: dict[Obstacle, str]

    def sentences(self, item: str, candidate: str) -> list[str]:
        """In words. item, candidate: what to call the two, their titles say."""
        return [
            f"First: {item}. Second: {candidate}.",
            *_together(self.pair),
            *_place(self.similar, "Of the items similar to the first"),
            *_place(self.next, "Of the items that come next after the first"),
            *(f"{NOT_LISTED[obstacle]}: {why}." for obstacle, why in self.missing.items()),
        ]


NOT_LISTED: dict[Obstacle, str] = {
    "vector": "No vector",
    "same": "Not listed",
    "similar": "The second is not in the first's stored list of similar items",
    "next": "The second is not in the first's stored list of items that come next",
    "hidden": "Not listed",
}


def _together(pair: PairEvidence | None) -> list[str]:
    if pair is None:
        return []
    if not pair.sessions:
        return [f"They were never together in a session; by chance it would have been {pair.expected:.1f}."]
    sessions = f"{pair.sessions:,} session{'' if pair.sessions == 1 else 's'}"
    chance = f"{pair.lift:.1f} times more often than" if pair.lift >= 1 else f"{pair.lift:.2f} times as often as"
    last = f", last on {pair.last.day} {pair.last:%B %Y}" if pair.last else ""
    return [
        f"They were together in {sessions}, {chance} chance{last}.",
        f"The first came before the second in {pair.first_before:,} of them and after it in {pair.second_before:,}; "
        f"on average they were {pair.distance:.1f} steps apart.",
    ]


def _place(place: Place | None, among: str) -> list[str]:
    return [] if place is None else [f"{among}, the second has rank {place.rank:,} (score {place.score:.3f})."]
