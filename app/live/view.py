"""One model and one state of the live catalogue: what a request takes, and keeps to its end.

The model's own items lie under what the database says of them now. Filters and availability are read here, never from
the model, so that a hidden item is gone without any training.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from app.filters.conditions import Filter
from app.filters.sieve import Sieve
from app.filters.unfit import unknown_field
from app.live.fragments import Fragments, fragment
from app.live.itemids import ItemIds
from app.live.itemview import ItemView
from app.live.newcomers import NewSieve, Prepared, changes_of, fields_of
from app.live.snapshot import Snapshot
from app.live.stored import Change, Stored
from index.catalogue.catalogue import AVAILABLE, Catalogue
from index.catalogue.values import first_text
from index.content.newcomers import Newcomers
from index.content.unseen import Guest
from index.errors import ItemUnknown
from index.model import Model, Score
from index.search.allowed import Allowed
from index.search.exact import Mask, Rows
from store.packed import is_available, is_deleted, unpack

COPIED_AT_ONCE = 1_000_000  # numbers; about 3 ms


class View:
    """number: of the newest change of the catalogue it has seen. The ETag of every answer is made of both."""

    def __init__(
        self,
        snapshot: Snapshot | None,
        stored: Stored,
        number: int,
        before: "View | None" = None,
        changed: Sequence[Change] = (),
        prepared: Prepared | None = None,
    ) -> None:
        """before: a view of the same model that this one follows, and what changed since; what it has made is taken
        over, at the cost of the changes and of a byte an item. None: everything is made anew, but for what is prepared
        of items without a past."""
        self.snapshot = snapshot
        self.stored = stored
        self.number = number
        self.version = snapshot.version if snapshot else None
        self.etag = f'"{self.version}.{number}"'
        self.model: Model | None = snapshot.model if snapshot else None
        if before is None:
            self.ids = ItemIds(self._known_ids)
        else:
            self.ids = before.ids
            self.ids.add(item_id for item_id, _ in changed if item_id not in before.stored)
        self._sieve: Sieve
        self.newcomers: Newcomers | None = None
        self._new_sieve: NewSieve | None = None
        self._new_fragments: dict[int, bytes] = {}  # by row, which ends with its item's metadata
        if self.model is not None:
            self._follow(self.model, before, changed)
            self._follow_new(self.model, before, changed, prepared)

    def _follow(self, model: Model, before: "View | None", changed: Sequence[Change]) -> None:
        items = len(model.vocabulary)
        news = self.stored.pairs() if before is None else changed
        rows = {row: packed for item_id, packed in news if (row := model.vocabulary.find(item_id)) is not None}
        hidden = {row for row, packed in rows.items() if not is_available(packed)}
        at = np.array(list(rows), dtype=np.int32)
        passes = np.array([row not in hidden for row in rows], dtype=np.bool_)
        if before is None:
            self.fragments = Fragments(items)
            shown = np.ones(items, dtype=np.bool_)
            shown[model.hidden] = False
            self._ever_hidden = hidden.union(model.hidden.tolist())  # by this view and those that follow
            self._changed = np.zeros(items, dtype=np.bool_)  # rows of stored items
            self._shown = Allowed(shown).mended(at, passes)
        else:
            self.fragments = before.fragments
            self.fragments.changed(rows)
            self._ever_hidden = before._ever_hidden
            self._ever_hidden |= hidden
            self._changed = before._changed if before._changed[at].all() else before._changed.copy()
            self._shown = before._shown.mended(at, passes)
        self._changed[at] = True
        self._shown_at = self._shown.mask.data
        before_sieve = None if before is None else before._sieve
        self._sieve = Sieve(self._shown.mask, self.values, before_sieve, list(rows), self._may_have, self._names)

    def _follow_new(
        self, model: Model, before: "View | None", changed: Sequence[Change], prepared: Prepared | None
    ) -> None:
        if model.unseen.content is None:
            return
        if before is None:
            prepared = prepared or Prepared.of(self.snapshot, Stored())
            base, changed = prepared.newcomers, list(prepared.since(self.stored))
        else:
            base = before.newcomers
        assert base is not None
        self.newcomers = base.following(changes_of(changed, model))
        if before is not None and self.newcomers.follows(base):
            self._new_fragments = before._new_fragments
        before_sieve = None if before is None else before._new_sieve
        self._new_sieve = NewSieve.of(self.newcomers, self.fields_of, before_sieve, self._may_have, self._names)

    @property
    def hidden(self) -> Allowed | None:
        """The rows that may be shown; None where that is all of them."""
        return self._shown if self._shown.count < len(self._shown.mask) else None

    def shows(self, rows: Sequence[int]) -> bool:
        """Whether all of these rows may be shown."""
        return self._ever_hidden.isdisjoint(rows) or all(map(self._shown_at.__getitem__, rows))

    @property
    def has_new(self) -> bool:
        """Whether any item without a past has, or had, a vector: what else there is to do for them costs nothing where
        there are none."""
        return self.newcomers is not None and self.newcomers.used > 0

    def fragment(self, row: int) -> bytes:
        """Rendered now, and kept."""
        assert self.model is not None
        if row >= len(self.model.vocabulary):
            assert self.newcomers is not None
            kept = self._new_fragments.get(row)
            if kept is None:
                new = self.newcomers.id_of(row)
                kept = self._new_fragments[row] = fragment(new, *self.title_of(new))
            return kept
        item_id = self.model.vocabulary.ids[row]
        packed = self.stored.get(item_id)
        return self.fragments.get(row, packed, lambda: fragment(item_id, *self.title_of(item_id)))

    def values(self, field: str, rows: Sequence[int]) -> list[Any]:
        """What the items of these rows have in a field now."""
        assert self.model is not None
        ids, changed = self.model.vocabulary.ids, self._changed.data
        if isinstance(rows, range):
            values = self.model.catalogue.of_rows(field, self.model.vocabulary, rows)
            for row in (np.flatnonzero(self._changed[rows.start : rows.stop]) + rows.start).tolist():
                values[row - rows.start] = self._stored_value(ids[row], field)
            return values
        values = self.model.catalogue.at_rows(field, self.model.vocabulary, rows)
        for place, row in enumerate(rows):
            if changed[row]:
                values[place] = self._stored_value(ids[row], field)
        return values

    def _stored_value(self, item_id: str, field: str) -> Any:
        packed = self.stored.get(item_id)
        if packed is None:
            # Stored in a state that follows this one.
            return self.catalogue.field(item_id, field)
        title, category, metadata = unpack(packed)
        return title if field == "title" else category if field == "category" else metadata.get(field)

    def having(self, field: str, texts: Collection[str]) -> Mask:
        """bool (n,): the rows that have one of these texts among the elements of the field."""
        return self._sieve.having(field, texts)

    def check_field(self, field: str, where: str) -> None:
        """Raises FieldUnknown for one that no item has. where: what of the request names it."""
        if not self._may_have(field):
            raise unknown_field(field, self._names(), where)

    def _may_have(self, field: str) -> bool:
        """Whether any item can have a field of this name."""
        return field in ("title", "category") or field in self.catalogue.columns or self.stored.may_have(field)

    def _names(self) -> list[str]:
        return ["title", "category", *self.catalogue.columns, *self.stored.names()]

    @cached_property
    def catalogue(self) -> Catalogue:
        return self.model.catalogue if self.model else Catalogue([], {})

    def get(self, item_id: str) -> ItemView | None:
        """None where nobody knows the item, or it was deleted."""
        packed = self.stored.get(item_id)
        place = None if self.model is None else self.model.vocabulary.find(item_id)
        trained = place is not None
        if packed is None:
            known = trained or item_id in self.catalogue or (self.model is not None and item_id in self.model.rare)
            if not known:
                return None
            fields = self.catalogue.metadata(item_id)
            title, category = first_text(fields.pop("title", None)), first_text(fields.pop("category", None))
            available = self.catalogue.is_available(item_id)
            if isinstance(fields.get(AVAILABLE), bool):  # text in the artifacts of former releases
                del fields[AVAILABLE]
        elif is_deleted(packed):
            return None
        else:
            title, category, fields = unpack(packed)
            available = is_available(packed)
        count = None
        if self.model is not None:
            count = self.model.rare.get(item_id) if place is None else int(self.model.vocabulary.counts[place])
        return ItemView(item_id, title, category, available, fields, trained, count)

    def item(self, item_id: str) -> ItemView:
        """As `get`. Raises ItemUnknown."""
        found = self.get(item_id)
        if found is None:
            raise ItemUnknown.named(item_id)
        return found

    def title_of(self, item_id: str) -> tuple[str | None, str | None]:
        """(title, category), quickly."""
        packed = self.stored.get(item_id)
        if packed is not None:
            return unpack(packed)[:2]
        return first_text(self.catalogue.field(item_id, "title")), self.catalogue.category(item_id)

    def fields_of(self, item_id: str) -> dict[str, Any]:
        """Title, category and metadata under their names, without the empty ones."""
        packed = self.stored.get(item_id)
        return self.catalogue.metadata(item_id) if packed is None else fields_of(packed)

    def guest(self, item_id: str) -> Guest | None:
        """An item without a past, as it is asked about; None where it has no vector."""
        if self.model is None or self.newcomers is None or self.newcomers.find(item_id) is None:
            return None
        return self.model.unseen.guest(item_id, self.fields_of(item_id), self.newcomers)

    def deleted(self, item_id: str) -> bool:
        packed = self.stored.get(item_id)
        return packed is not None and is_deleted(packed)

    def visible(self, item_id: str) -> bool:
        packed = self.stored.get(item_id)
        return self.catalogue.is_available(item_id) if packed is None else is_available(packed)

    def trained(self, ids: Iterable[str]) -> list[str]:
        """Those that have a vector, from training or by their content."""
        if self.model is None:
            return []
        known, new = self.model.vocabulary, self.newcomers
        return [item for item in ids if item in known or (new is not None and new.find(item) is not None)]

    def rows_of(self, ids: Iterable[str]) -> Rows:
        """int32, of those that have a vector; newcomers among them behind the model's rows."""
        assert self.model is not None
        known, new = self.model.vocabulary, self.newcomers
        if new is None or not new.used:
            return known.known_rows(ids)
        rows = ((known.find(item), item) for item in ids)
        found = (new.find(item) if row is None else row for row, item in rows)
        return np.array([row for row in found if row is not None], dtype=np.int32)

    def _known_ids(self) -> Iterator[str]:
        """Of every item, those that were deleted too; some twice."""
        yield from self.catalogue.ids
        if self.model is not None:
            yield from self.model.vocabulary.ids
            yield from self.model.rare
        for item_id, _ in self.stored.pairs():
            yield item_id

    def allowed(self, wanted: Filter) -> Allowed | None:
        """The rows that are visible and pass; None where that is all. Raises FieldUnknown, ValueUnfit."""
        if not wanted.conditions or self.model is None:
            return self.hidden
        again = self._sieve.is_kept(wanted)
        found = self._sieve.allowed(wanted)
        # Copied here, so that no later request waits for it; most large ones that are asked for once never are again.
        if again or found.count * self.model.vectors.shape[1] <= COPIED_AT_ONCE:
            found.few(self.model.vectors)
        return found

    def allowed_new(self, wanted: Filter) -> Mask | None:
        """As `allowed`, of newcomers, by their places; None where no filter says anything, or there are none."""
        if self._new_sieve is None or not wanted.conditions or not self.has_new:
            return None
        return self._new_sieve.passing(wanted)

    def is_short(self, wanted: Filter, score: Score, k: int, item_id: str) -> bool:
        """Whether a list of k costs well under a millisecond: it is stored, or few rows are to be scanned."""
        if self.model is None or k > self.model.stored[score].rows.shape[1]:
            return False
        if self.has_new and not self._is_near(wanted, score, item_id):
            return False
        return not wanted.conditions or (score == "similar" and self._sieve.is_ready(wanted))

    def _is_near(self, wanted: Filter, score: Score, item_id: str) -> bool:
        """Whether the newcomers for this item are found at once."""
        assert self.model is not None
        assert self.newcomers is not None
        row = self.model.vocabulary.find(item_id)
        if row is None or wanted.conditions:
            return False
        return self.model.unseen.near.is_ready(score, row, self.newcomers)
