"""What there is to say of two items that the model has vectors of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from index.parts import Neighbours
from index.ranking.parts.question import Question
from index.ranking.readings import Score
from index.ranking.recommender import Recommender
from index.search.exact import Floats
from index.why.evidence import Evidence
from index.why.explanation import Explanation, Obstacle, Place


@dataclass(frozen=True)
class Explainer:
    """Of one model. vectors: float32 (items, d), those of `similar`."""

    recommender: Recommender
    vectors: Floats
    stored: Mapping[str, Neighbours]
    evidence: Evidence

    def explain(self, item: str, candidate: str, a: int, b: int) -> Explanation:
        """a, b: their rows."""
        missing: dict[Obstacle, str] = {}
        similar = Place.of(self.vectors @ self.vectors[a], a, b)
        after = Place.of(self.recommender.scores([np.array([a], dtype=np.int32)], one_item=True)[0], a, b)
        places: dict[Score, Place] = {"similar": similar, "next": after}
        for score, place in places.items():
            stored = self.stored[score].rows
            if b not in stored[a]:
                missing[score] = f"rank {place.rank:,} of {len(self.vectors):,}; {stored.shape[1]} are stored"
        question = Question.of_item(np.array([a], dtype=np.int32))
        parts = self.recommender.scorer.contributions(question, b, one_item=True)
        return Explanation(item, candidate, self.evidence.pair(a, b), similar, after, missing, parts)
