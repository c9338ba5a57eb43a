"""What is beside an item of the model, by either score: the stored lists first, and the vectors where those end."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from index.content.newcomers import Newcomers
from index.content.unseen import Unseen
from index.parts import Neighbours
from index.ranking.readings import Score
from index.ranking.recommender import Recommender
from index.search.allowed import Allowed
from index.search.exact import Floats, Mask, Rows
from index.search.searcher import Searcher


@dataclass(frozen=True)
class Nearby:
    """Of one model. vectors: float32 (items, d), those of `similar`."""

    stored: Mapping[str, Neighbours]
    vectors: Floats
    searcher: Searcher
    recommender: Recommender
    unseen: Unseen

    def beside(
        self,
        row: int,
        k: int,
        score: Score,
        allowed: Allowed | None = None,
        gone: Rows | None = None,
        newcomers: Newcomers | None = None,
        new_allowed: Mask | None = None,
    ) -> tuple[Rows, Floats]:
        """As `among`, with newcomers among them: the k best of both. gone: of either kind."""
        if newcomers is None or not newcomers.used:
            return self.among(row, k, score, allowed, gone)
        known = None if gone is None else gone[gone < newcomers.first]
        trained = self.among(row, k, score, allowed, known)
        return self.unseen.beside(trained, row, k, score, newcomers, new_allowed, gone)

    def among(
        self, row: int, k: int, score: Score, allowed: Allowed | None = None, gone: Rows | None = None
    ) -> tuple[Rows, Floats]:
        """The k best by either score of the rows that are allowed and not gone, without `row` itself: (rows, scores),
        at most k long, without padding.

        Exactly the k best where the stored lists are exact: those come first, and only where they hold fewer than k
        that pass, the few allowed rows are scanned or the index is searched.
        """
        stored = self.stored[score].first_k(row, k, None if allowed is None else allowed.mask, gone)
        if stored is not None:
            return stored
        out = np.array([row], dtype=np.int32) if gone is None else np.append(gone, row).astype(np.int32)
        search = self._search_similar if score == "similar" else self._search_next
        return search(row, k, allowed, out)

    def _search_similar(self, row: int, k: int, allowed: Allowed | None, out: Rows) -> tuple[Rows, Floats]:
        query = self.vectors[row : row + 1]
        if allowed is not None and allowed.is_few(self.vectors):
            return allowed.search(query, self.vectors, k, out)
        rows, scores = self.searcher.search(query, k, None if allowed is None else allowed.mask, [out])
        real = rows[0] >= 0
        return rows[0][real], scores[0][real]

    def _search_next(self, row: int, k: int, allowed: Allowed | None, out: Rows) -> tuple[Rows, Floats]:
        mask = np.ones(len(self.vectors), dtype=np.bool_) if allowed is None else allowed.mask.copy()
        mask[out] = False
        return self.recommender.next_among(row, k, mask)
