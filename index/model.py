"""An opened artifact that answers questions: ids in, ids out."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from index.artifact.directory import Artifact
from index.artifact.signals import segment_of
from index.catalogue.fields import CatalogueFields
from index.content.newcomers import Change, Newcomers
from index.content.unseen import Unseen
from index.errors import ItemUnknown, ItemUntrained
from index.explorer.itemmap import ItemMap, read_map
from index.nearby import Nearby
from index.parts import Neighbours, read_parts, recommender_of
from index.ranked import MixedList, Ranked
from index.ranking.mix import Mix, mixed
from index.ranking.parts.question import Guests
from index.ranking.rank import DAYS, Ranking, checked_weights, events_of, rank
from index.ranking.readings import Score as Score
from index.ranking.recommender import Recommender, Wish
from index.ranking.scorer import NextScorer
from index.search.allowed import Allowed
from index.search.exact import Floats, Rows
from index.search.searcher import Searcher
from index.why.explanation import Explanation, Obstacle, Side
from index.why.makeup import Share
from index.why.pair import Explainer

MOST_NEW = 200_000  # items without a past, about 1 kB each with vectors of 128 numbers


class Model:
    """The arrays are memory maps, shared by all processes that open the same version.

    vectors: float32 (n, d), of length 1 but for the reading dot; their inner product is `similar`. stored: the lists of
    neighbours, by score. hidden: int32, rows that the catalogue calls unavailable. shown: all others; None where that
    is all. unseen: how items without a past are answered and listed.
    """

    def __init__(self, artifact: Artifact, most_new: int = MOST_NEW) -> None:
        """most_new: items without a past that get vectors; 0: none. Raises ArtifactCorrupt and ArtifactUnsupported, as
        `read_parts` does."""
        parts = read_parts(artifact)
        self.artifact = artifact
        self.manifest = artifact.manifest
        self.vocabulary = parts.vocabulary
        self.catalogue = parts.catalogue
        self.rare = parts.rare
        self.inputs = parts.inputs
        self.evidence = parts.evidence
        self.makeup = parts.makeup
        self.types = parts.types
        self.stored: dict[str, Neighbours] = {"similar": parts.similar, "next": parts.next}
        self.vectors = parts.similar_vectors
        self.searcher = Searcher(parts.similar_graph, self.vectors)
        scorer = NextScorer.of(
            parts.inputs,
            parts.outputs,
            self.vectors,
            parts.vocabulary.counts,
            recommender_of(artifact),
            parts.rules,
            parts.newest,
            parts.targets,
            parts.codes,
            parts.moments,
        )
        standing = None if parts.content is None else parts.content.standing
        self.recommender = Recommender(scorer.with_standing(standing))
        # What the catalogue of the artifact hides; the service's own view of it begins with this.
        self.hidden = parts.catalogue.hidden_rows(parts.vocabulary)
        self.shown = Allowed.all_but(self.hidden, len(parts.vocabulary))
        self.unseen = Unseen(
            parts.content if most_new else None,
            self.recommender,
            parts.vocabulary,
            self.vectors,
            self.searcher,
            most_new,
        )

    @cached_property
    def map(self) -> ItemMap | None:
        """None for a model that was published without."""
        return read_map(self.artifact)

    @cached_property
    def nearby(self) -> Nearby:
        """Rows beside a row, where `neighbours` has items beside an item."""
        return Nearby(self.stored, self.vectors, self.searcher, self.recommender, self.unseen)

    @cached_property
    def newcomers(self) -> Newcomers | None:
        """The items of the artifact's catalogue that have no vector of their own; the service's own view of them begins
        with these. None without a content map."""
        none = self.unseen.nobody()
        if none is None:
            return None
        others = (item for item in self.catalogue.ids if item not in self.vocabulary)
        return none.following(
            Change(item, self.catalogue.metadata(item), self.catalogue.is_available(item)) for item in others
        )

    def row(self, item: str) -> int:
        """Raises ItemUntrained for an item that is known but too rare for a vector, ItemUnknown otherwise."""
        row = self.vocabulary.find(item)
        if row is not None:
            return row
        if item in self.rare and self.manifest.imported is not None:
            raise ItemUntrained(
                f"item {item!r} occurs {self.rare[item]} times in the log, but is not among the imported vectors"
            )
        if item in self.rare:
            needed = self.manifest.config["sessions"]["min_item_count"]
            raise ItemUntrained(f"item {item!r} occurs {self.rare[item]} times in the sessions, {needed} are needed")
        if item in self.catalogue:
            lacking = "in no session the model was trained on"
            if self.manifest.imported is not None:
                lacking = "not among the imported vectors"
            raise ItemUntrained(f"item {item!r} is in the catalogue, but {lacking}")
        raise ItemUnknown.named(item)

    def resolve(self, text: str) -> str:
        """The item id, from an id or a title; of several items with the same title the one seen most often. Raises
        ItemUnknown."""
        if text in self.vocabulary or text in self.rare:
            return text
        same = [item for item in self.catalogue.titled(text) if item in self.vocabulary]
        if text not in self.catalogue and same:
            return max(same, key=lambda item: self.vocabulary.counts[self.vocabulary.row(item)])
        return self.catalogue.resolve(text)

    def similar(self, item: str, k: int = 10) -> list[Ranked]:
        """The k items most similar to one. Raises ItemUnknown, ItemUntrained; so do `next` and `vector`."""
        return self.neighbours(item, k)

    def next(self, item: str, k: int = 10) -> list[Ranked]:
        """The k items that most often come with or after one."""
        return self.neighbours(item, k, "next")

    def vector(self, item: str) -> Floats:
        """The unit vector that similarity is measured with, shape (dims,). `vectors` holds all of them, in the order
        of `vocabulary.ids`."""
        vector: Floats = self.vectors[self.row(item)]
        return vector

    def neighbours(self, item: str, k: int, score: Score = "similar") -> list[Ranked]:
        """The k best by either score: from the stored lists where they are long enough, else searched. Items that the
        catalogue calls unavailable do not come back; so it is with `recommend`."""
        guest = None
        if item not in self.vocabulary:
            guest = self.unseen.guest(item, self.catalogue.metadata(item), self.newcomers)
        if guest is not None and self.newcomers is not None:
            return self._ranked(*self.unseen.around(guest, k, score, self.newcomers, self.shown))
        return self._ranked(*self.nearby.beside(self.row(item), k, score, self.shown, newcomers=self.newcomers))

    def recommend(
        self,
        items: list[str],
        k: int = 10,
        exclude_seen: bool = False,
        max_per: Mapping[str, int] | None = None,
        discovery: float | None = None,
    ) -> list[Ranked]:
        """What comes next after a session, oldest item first; items without a vector are passed over. max_per,
        discovery: as `mixed` has them."""
        if max_per or discovery is not None:
            return self.mixed(items, k, exclude_seen, max_per, discovery).items
        session, guests = self._session(items)
        if self.shown is not None or self.newcomers is not None:
            mask = None if self.shown is None else self.shown.mask
            wish = Wish(session, k, mask, exclude_seen, newcomers=self.newcomers, guests=guests)
            return self._ranked(*self.recommender.among([wish])[0])
        rows, scores = self.recommender.recommend([session], k, exclude_seen)
        return self._ranked(rows[0], scores[0])

    def mixed(
        self,
        items: list[str],
        k: int = 10,
        exclude_seen: bool = False,
        max_per: Mapping[str, int] | None = None,
        discovery: float | None = None,
    ) -> MixedList:
        """As `recommend`, and what was left out. max_per: field of the metadata -> how many items may share an element
        of it at most. discovery: which share of the list is new to the session, the rest being its own items. Items
        without a past may be in the session, and are not in the list. Raises ConfigError for a field that no item
        has."""
        mix = Mix.of(max_per or {}, discovery, exclude_seen)
        for field, _ in mix.max_per:
            self.fields.check(field)
        session, guests = self._session(items)
        wish = Wish(session, k, None if self.shown is None else self.shown.mask, exclude_seen, guests=guests)
        found = mixed(self.recommender, wish, mix, self.fields, self.vectors)
        rows, scores = np.array(found.rows, dtype=np.int32), np.array(found.scores, dtype=np.float32)
        return MixedList(self._ranked(rows, scores), found.left_out)

    def rank(
        self,
        candidates: Sequence[str],
        done: Mapping[str, Sequence[str | tuple[str, float]]],
        weights: Mapping[str, float] | None = None,
        segment: str | None = None,
        since: float | None = None,
    ) -> Ranking:
        """The candidates by what a user has just done: `index.ranking.rank`.

        done: clicked, long_clicked, skipped, wishlisted, contacted, converted -> ids, oldest first, or pairs of an id
        and a time in epoch seconds. weights: of the similarities. segment: a field of the metadata; None: as the model
        was trained. since: epoch seconds, before which nothing counts; None: two weeks ago. Raises ConfigError for a
        name that is none of these.
        """
        weights = checked_weights(weights or {})
        if segment is None:
            segment = segment_of(self.manifest.config)
        else:
            self.fields.check(segment)
        return rank(
            self.vocabulary,
            self.vectors,
            candidates,
            events_of(done),
            weights,
            None if segment is None else partial(self.fields.values, segment),
            time.time() - DAYS * 86_400 if since is None else since,
        )

    @cached_property
    def fields(self) -> CatalogueFields:
        """The metadata by row."""
        return CatalogueFields(self.catalogue, self.vocabulary)

    def id_of(self, row: int) -> str:
        """Of a row of the model, or of one of its newcomers."""
        new = self.newcomers if row >= len(self.vocabulary) else None
        return self.vocabulary.ids[row] if new is None else new.id_of(row)

    def made_of(self, item: str) -> tuple[Share, ...]:
        """What the item's input vector is made of; nothing where the model has no attributes. Raises ItemUnknown,
        ItemUntrained."""
        row = self.row(item)
        return () if self.makeup is None else self.makeup.of(row)

    def explain(self, item: str, candidate: str) -> Explanation:
        """Evidence and ranks of one pair, and what their vectors are made of. Raises ItemUnknown for an id nobody
        knows."""
        new = self.unseen.explain(item, candidate, self.newcomers, self.catalogue.metadata)
        return self.explain_beside(item, candidate, new)

    def explain_beside(self, item: str, candidate: str, new: Explanation | None) -> Explanation:
        """As `explain`. new: of a pair of which one has no past; None: neither."""
        found = self._explain(item, candidate) if new is None else new
        makeup = self.makeup
        sides: tuple[tuple[Side, str], ...] = (("item", item), ("candidate", candidate))
        if makeup is None:
            return found
        rows = {side: self.vocabulary.find(of) for side, of in sides}
        return replace(found, made_of={side: makeup.of(row) for side, row in rows.items() if row is not None})

    def _explain(self, item: str, candidate: str) -> Explanation:
        """What the sessions say alone."""
        missing: dict[Obstacle, str] = {}
        rows = []
        for known in (item, candidate):
            try:
                rows.append(self.row(known))
            except ItemUntrained as error:
                missing["vector"] = str(error)
        if not missing and rows[0] == rows[1]:
            missing["same"] = "an item is not listed beside itself"
        if missing:
            return Explanation(item, candidate, None, None, None, missing)
        return Explainer(self.recommender, self.vectors, self.stored, self.evidence).explain(item, candidate, *rows)

    def _session(self, items: Sequence[str]) -> tuple[Rows, Guests]:
        """Of those with a vector. Raises ItemUnknown where there is none."""
        session, guests = self.unseen.session_of(items, self.newcomers, self.catalogue.metadata)
        if not len(session):
            raise ItemUnknown("none of the session's items has a vector")
        return session, guests

    def _ranked(self, rows: Rows, scores: Floats) -> list[Ranked]:
        return [
            Ranked(item := self.id_of(row), score, self.catalogue.title(item))
            for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
            if row >= 0
        ]
