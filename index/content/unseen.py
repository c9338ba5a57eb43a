"""How items without a past are answered, and listed beside the trained ones of one model."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.content.content import Content
from index.content.near import EACH, KEPT, Near
from index.content.newcomers import Newcomers, merged
from index.content.why import Fields, explained
from index.ranking.parts.question import Question
from index.ranking.readings import Score
from index.ranking.recommender import Recommender, Wish
from index.search.allowed import Allowed
from index.search.exact import Floats, Mask, Rows
from index.search.searcher import Searcher
from index.vocabulary import Vocabulary
from index.why.explanation import Explanation

AT_A_TIME = 16  # rows whose lists are made in one pass, some 10 ms with 100,000 newcomers


@dataclass(frozen=True)
class Guest:
    """An item without a past that is asked about. row: behind the model's last. similar: float32 (1, d). asked: part of
    vectors -> (d,)."""

    row: int
    similar: Floats
    asked: Mapping[str, Floats]


class Unseen:
    """Of one model; the newcomers are given with each question, as they come and go. near: kept lists."""

    def __init__(
        self,
        content: Content | None,
        recommender: Recommender,
        vocabulary: Vocabulary,
        vectors: Floats,
        searcher: Searcher,
        most: int,
    ) -> None:
        """content: None where nothing says how such items get vectors. most: how many of them may have some."""
        self.content = content
        self.near = Near()
        self._recommender = recommender
        self._vocabulary = vocabulary
        self._vectors = vectors
        self._searcher = searcher
        self._most = most
        self._ahead: tuple[Newcomers | None, int] = (None, 0)  # whose lists were made, and of how many rows

    def nobody(self) -> Newcomers | None:
        """To begin with; None without a content map."""
        if self.content is None:
            return None
        beside = self._recommender.scorer.beside
        return Newcomers.none(self.content, beside, len(self._vocabulary), self._most)

    def explain(self, item: str, candidate: str, newcomers: Newcomers | None, fields: Fields) -> Explanation | None:
        """None where neither is a newcomer, or one of the two has no vector, or both are the same. fields: what the
        catalogue says of an item."""
        if newcomers is None or item == candidate:
            return None
        rows = [self._row(each, newcomers) for each in (item, candidate)]
        known = [row for row in rows if row is not None]
        if len(known) < 2 or max(known) < len(self._vocabulary):
            return None
        guest = self.guest(item, fields(item), newcomers)
        asked = Question.of_item(np.array(known[:1], dtype=np.int32))
        if guest is not None:
            asked = asked.hosting({guest.row: guest.asked}, len(self._vocabulary))
        return explained(
            (item, candidate), (known[0], known[1]), asked, self._recommender.scorer, self._vectors, newcomers, fields
        )

    def prepare(self, newcomers: Newcomers, seconds: float) -> int:
        """Makes lists of the most frequent trained items before anybody asks; how many are made by now. They stay good
        as newcomers come: what came is looked at when somebody asks. Of few newcomers none are made. At most for about
        so many seconds; to be called by one thread at a time."""
        state, done = self._ahead
        if state is None or not newcomers.follows(state):
            done = 0
        end, begun = min(len(self._vocabulary), KEPT // 2), time.monotonic()
        while done < end and time.monotonic() - begun < seconds:
            rows = np.arange(done, min(end, done + AT_A_TIME), dtype=np.int32)
            todo = [row for row in rows.tolist() if not self.near.is_ready("similar", row, newcomers)]
            for row, best in zip(todo, newcomers.best_each(newcomers.similar, self._vectors[todo], EACH), strict=True):
                self.near.keep("similar", row, newcomers, best)
            done = int(rows[-1]) + 1
        self._ahead = newcomers, done
        return done

    def _row(self, item: str, newcomers: Newcomers) -> int | None:
        row = self._vocabulary.find(item)
        return newcomers.find(item) if row is None else row

    def beside(
        self,
        trained: tuple[Rows, Floats],
        row: int,
        k: int,
        score: Score,
        newcomers: Newcomers,
        allowed: Mask | None = None,
        gone: Rows | None = None,
    ) -> tuple[Rows, Floats]:
        """The k best for a trained item, of those that are trained, which are given, and the newcomers."""
        if allowed is None and (gone is None or bool((gone < newcomers.first).all())):
            return merged(*trained, *self.nearest(row, k, score, newcomers), k)
        return merged(*trained, *self._search(row, k, score, newcomers, 0, allowed, gone), k)

    def guest(self, item: str, fields: Mapping[str, Any], newcomers: Newcomers | None) -> Guest | None:
        """An item as it is asked about; None where it is no newcomer. fields: what the catalogue says of it."""
        row = None if newcomers is None else newcomers.find(item)
        if row is None or self.content is None:
            return None
        columns = self.content.lexicon.columns(fields)
        if not len(columns):
            return None
        vectors = self.content.of_columns([columns])
        return Guest(row, vectors.similar, self._recommender.scorer.as_guest(*vectors))

    def nearest(self, row: int, k: int, score: Score, newcomers: Newcomers) -> tuple[Rows, Floats]:
        """The k newcomers that are best for a trained item, best first; kept for who asks again."""

        def search(k: int, since: int) -> tuple[Rows, Floats]:
            return self._search(row, k, score, newcomers, since)

        return self.near.best(score, row, newcomers, k, search)

    def _search(
        self,
        row: int,
        k: int,
        score: Score,
        newcomers: Newcomers,
        since: int,
        allowed: Mask | None = None,
        gone: Rows | None = None,
    ) -> tuple[Rows, Floats]:
        if score == "similar":
            return newcomers.best(newcomers.similar, self._vectors[row], k, allowed, gone, since)
        scorer, question = self._recommender.scorer, Question.of_item(np.array([row], dtype=np.int32))
        told = scorer.told(scorer.sparse(True), [question])
        q, lift = scorer.asked([question], True, told)
        rows, scores = newcomers.best(newcomers.targets, q[0], k, allowed, gone, since)
        return rows, scores + lift[0]

    def around(
        self,
        guest: Guest,
        k: int,
        score: Score,
        newcomers: Newcomers,
        allowed: Allowed | None = None,
        new_allowed: Mask | None = None,
        gone: Rows | None = None,
    ) -> tuple[Rows, Floats]:
        """The k best for an item without a past, trained ones and newcomers, without itself."""
        out = np.array([guest.row], dtype=np.int32) if gone is None else np.append(gone, guest.row).astype(np.int32)
        known = out[out < newcomers.first]
        mask = None if allowed is None else allowed.mask
        if score == "next":
            if len(known):
                mask = np.ones(len(self._vocabulary), dtype=np.bool_) if mask is None else mask.copy()
                mask[known] = False
            row = np.array([guest.row], dtype=np.int32)
            guests = {guest.row: guest.asked}
            wish = Wish(row, k, mask, newcomers=newcomers, new_allowed=new_allowed, guests=guests, out=out)
            return self._recommender.among([wish], one_item=True)[0]
        if allowed is not None and allowed.is_few(self._vectors):
            trained = allowed.search(guest.similar, self._vectors, k, known)
        else:
            rows, scores = self._searcher.search(guest.similar, k, mask, [known])
            trained = rows[0][rows[0] >= 0], scores[0][rows[0] >= 0]
        return merged(*trained, *newcomers.best(newcomers.similar, guest.similar[0], k, new_allowed, out), k)

    def session_of(
        self, items: Iterable[str], newcomers: Newcomers | None, fields: Callable[[str], Mapping[str, Any]]
    ) -> tuple[Rows, dict[int, Mapping[str, Floats]]]:
        """(rows of those that have a vector, in their order; of newcomers among them, what they are asked with).
        fields: what the catalogue says of an item."""
        if newcomers is None or not newcomers.used:
            return self._vocabulary.known_rows(items), {}
        rows, guests = [], {}
        for item in items:
            row = self._vocabulary.find(item)
            if row is None and (guest := self.guest(item, fields(item), newcomers)) is not None:
                row = guest.row
                guests[row] = guest.asked
            if row is not None:
                rows.append(row)
        return np.array(rows, dtype=np.int32), guests
