"""What baselines have seen of a corpus, counted when it is first asked for. Families that ask for the same share it."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from index.ranking.rules import Rules, RulesConfig
from training.corpus import Corpus
from training.counting.baskets import BASKET, baskets, recent
from training.counting.blocks import Reach
from training.counting.rules import count_rules, even_weights, strongest

# Counts kept over all items, about 0.8 GB: all pairs up to 10,000 items, the strongest of each item beyond.
MOST_PAIRS = 100_000_000


class Seen:
    """The newest sessions of a corpus. about: which these are, for the settings of a baseline."""

    def __init__(self, corpus: Corpus, threads: int = 2) -> None:
        self.all, self.items, self.threads = corpus, corpus.items, threads
        self.corpus, self.about = recent(corpus)
        self._rules: tuple[RulesConfig, Rules] | None = None

    @cached_property
    def baskets(self) -> Corpus:
        return baskets(self.corpus)

    @cached_property
    def together(self) -> Rules:
        """In how many baskets two items occur together."""
        reach = Reach.of(BASKET, "flat", 1, 1)
        return strongest(self.baskets, reach, even_weights(self.items), self._keep, self.threads)

    def rules(self, **shape: Any) -> Rules:
        """shape: of a RulesConfig. The last ones are kept, so that who asks again at once is answered at once."""
        config = RulesConfig(**shape, keep=self._keep)
        if self._rules is None or self._rules[0] != config:
            self._rules = None  # two of them need not fit at once
            self._rules = config, count_rules(self.corpus, config, self.threads)
        return self._rules[1]

    @property
    def _keep(self) -> int:
        return max(100, min(100_000, MOST_PAIRS // max(self.items, 1)))


def matrix_of(rules: Rules, weights: NDArray[Any] | None = None) -> csr_matrix:
    """float32, shape (items, items). weights: instead of the rules' own."""
    weights = rules.weights if weights is None else weights.astype(np.float32)
    return csr_matrix((weights, rules.items, rules.offsets), (len(rules), len(rules)))
