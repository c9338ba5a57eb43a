"""What is there to be weighed: the vectors of a training, and the counts and popularity of its sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from index.ranking.parts.popularity import NEWEST
from index.ranking.readings import Float, SimilarReading, similar_vectors
from index.ranking.rules import Rules, RulesConfig
from index.ranking.scorer import NextScorer
from index.ranking.settings import RecommenderConfig
from training.corpus import Corpus
from training.counting.baskets import newest_of
from training.counting.rules import EarlierRules, count_rules
from training.trainers.spaces import Spaces


class Counted:
    """Rules and popularity of one corpus, each taken when it is first asked for, and then kept."""

    def __init__(
        self,
        corpus: Corpus,
        threads: int,
        earlier: Mapping[RulesConfig, EarlierRules] | None = None,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        """earlier: rules of the model that is updated, by what they count. weights: of the events, for rules; None: all
        are alike."""
        self.corpus = corpus
        self._threads, self._weights = threads, weights
        self._earlier = {_counted(config): rules for config, rules in (earlier or {}).items()}
        self._rules: dict[RulesConfig, Rules] = {}
        self._lock = Lock()  # two questions may ask for the same rules at once

    def rules(self, config: RecommenderConfig) -> dict[str, Rules]:
        """Of the parts that have a weight."""
        return {name: self.of(rules) for name, rules in config.used_counts().items()}

    def of(self, config: RulesConfig) -> Rules:
        key = _counted(config)
        with self._lock:
            if key not in self._rules:
                self._rules[key] = count_rules(self.corpus, key, self._threads, self._earlier.get(key), self._weights)
            return self._rules[key]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        return self.corpus.counts()

    @cached_property
    def newest(self) -> Mapping[str, NDArray[np.int64]]:
        """Occurrences in the newest sessions, by the name of the part."""
        return {name: newest_of(self.corpus, share).counts() for name, share in NEWEST.items()}


def _counted(config: RulesConfig) -> RulesConfig:
    """What is counted: the scale is applied when rules are read."""
    return config.model_copy(update={"scale": "share"})


@dataclass(frozen=True)
class Materials:
    """reading: of the vectors for similar, where it was chosen for them."""

    spaces: Spaces
    counted: Counted
    reading: SimilarReading | None = None

    def similar(self, config: RecommenderConfig) -> Float:
        """Unit vectors, float32 (items, d)."""
        alike = self.spaces.similar
        return similar_vectors(alike.inputs, alike.outputs, config.similar_reading)

    def scorer(self, config: RecommenderConfig) -> NextScorer:
        """As it would serve."""
        following = self.spaces.next
        return NextScorer.of(
            following.inputs,
            following.outputs,
            self.similar(config) if "alike" in config.used() else following.inputs,  # not read then
            self.counted.counts,
            config,
            self.counted.rules(config),
            self.counted.newest,
        )
