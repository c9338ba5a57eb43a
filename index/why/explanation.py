"""Why two items are close, or why the second is not in the first's list: figures, and the same in words."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from index.why.evidence import PairEvidence
from index.why.makeup import Share, sentence

# What keeps an item out of a list: it has no vector, it is the same item, it is not among the stored neighbours by
# one of the scores, or it is hidden by now.
Obstacle = Literal["vector", "same", "similar", "next", "hidden"]

Side = Literal["item", "candidate"]
WHOSE: dict[Side, str] = {"item": "The first's", "candidate": "The second's"}


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
    None where either item has no vector, or both are the same. missing: why the candidate is not in the item's list.
    parts: what each part adds to the score of `next`, by name. content: of either that was in no session, by its id,
    the words and attributes that bring it near the other, the strongest first. made_of: what the vectors of the two are
    made of, where items have attributes.
    """

    item: str
    candidate: str
    pair: PairEvidence | None
    similar: Place | None
    next: Place | None
    missing: dict[Obstacle, str]
    parts: dict[str, float] = field(default_factory=dict)
    content: dict[str, list[str]] = field(default_factory=dict)
    made_of: dict[Side, tuple[Share, ...]] = field(default_factory=dict)

    def sentences(self, item: str, candidate: str) -> list[str]:
        """In words. item, candidate: what to call the two, their titles say."""
        return [
            f"First: {item}. Second: {candidate}.",
            *_together(self.pair),
            *(_because(which, self.content[who]) for which, who in self._new()),
            *_place(self.similar, "Of the items similar to the first"),
            *_place(self.next, "Of the items that come next after the first"),
            *_shares(self.parts),
            *(sentence(WHOSE[side], shares) for side, shares in self.made_of.items()),
            *(f"{NOT_LISTED[obstacle]}: {why}." for obstacle, why in self.missing.items()),
        ]

    def _new(self) -> list[tuple[str, str]]:
        return [pair for pair in (("first", self.item), ("second", self.candidate)) if pair[1] in self.content]


def _because(which: str, words: list[str]) -> str:
    if not words:
        return f"The {which} has no sessions to learn from yet, and nothing said of it brings it near the other."
    return f"The {which} has no sessions to learn from yet; it is near because of {', '.join(words)}."


AGAINST = 0.05  # of what speaks for an item: less against it is not told
NOT_LISTED: dict[Obstacle, str] = {
    "vector": "No vector",
    "same": "Not listed",
    "similar": "The second is not in the first's stored list of similar items",
    "next": "The second is not in the first's stored list of items that come next",
    "hidden": "Not listed",
}


# What the parts are, in words; a part of another name is called by it.
PARTS = {
    "vectors": "its vector for what comes next",
    "alike": "its vector for what is alike",
    "after": "what came soon after the first",
    "next": "what came right after it",
    "both": "what was near it, before or after",
    "far": "what came some way after it",
    "recent": "what came after it in the newest sessions",
    "together": "what was in the same sessions",
    "rules": "what was counted near it",
    "popular": "how often it occurs",
    "popular.recent": "how popular it is now",
    "popular.newest": "how popular it is at the very end of the log",
}


def _shares(parts: dict[str, float]) -> list[str]:
    """Of what speaks for the candidate, the share of each part; and what speaks against it."""
    lifts = sorted((part for part in parts.items() if part[1] > 0), key=lambda part: -part[1])
    total = sum(value for _, value in lifts)
    shares = [(PARTS.get(name, name), round(100 * value / total)) for name, value in lifts]
    told = [f"{share} % {words}" for words, share in shares if share]
    against = [PARTS.get(name, name) for name, value in parts.items() if value < -AGAINST * total]
    sentences = [f"What speaks for the second as the next: {', '.join(told)}."] if told else []
    return sentences + ([f"Against it: {', '.join(against)}."] if against else [])


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
