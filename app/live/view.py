"""One model and one state of the live catalogue: what a request takes, and keeps to its end.

The model's own items lie under what the database says of them now. Filters and availability are read here, never from
the model, so that a hidden item is gone without any training.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.live.filters import Condition, Filter
from app.live.fragments import Fragment, fragment, fragments_of
from app.live.snapshot import Snapshot
from index.catalogue import Catalogue
from index.errors import ItemUnknown
from index.model import Model, Score
from index.search.allowed import Allowed
from store.items import ItemRow

KEPT_FILTERS = 256


# Shown over HTTP as it is. Not a dataclass of pydantic's: GET /items makes one of every item there is, and checking
# them would double that.
@dataclass(frozen=True)
class ItemView:
    """One item as the service knows it now."""

    item_id: Annotated[str, Field(examples=["t000327"])]
    title: Annotated[str | None, Field(examples=["Window of Museums"])]
    category: Annotated[str | None, Field(examples=["Electronic"])]
    available: bool
    metadata: Annotated[dict[str, Any], Field(examples=[{"price": 12.5}])]
    trained: Annotated[bool, Field(description="whether the model has a vector of it")]
    sessions_count: Annotated[
        int | None, Field(description="occurrences in the training sessions; null where none are known")
    ]


class View:
    """number: of the newest change of the catalogue it has seen. The ETag of every answer is made of both."""

    def __init__(
        self,
        snapshot: Snapshot | None,
        stored: dict[str, ItemRow],
        number: int,
        fragments: list[Fragment | None] | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.stored = stored
        self.number = number
        self.version = snapshot.version if snapshot else None
        self.etag = f'"{self.version}.{number}"'
        self.model: Model | None = snapshot.model if snapshot else None
        self.hidden = self._hidden()
        self.fragments = self._fragments() if fragments is None else fragments
        self._filters: dict[Filter, Allowed] = {}
        self._columns: dict[str, NDArray[Any]] = {}

    def _hidden(self) -> Allowed | None:
        """The rows that may be shown; None where that is all of them."""
        if self.model is None:
            return None
        vocabulary = self.model.vocabulary
        gone = [i for i, row in self.stored.items() if (row.deleted or not row.available) and i in vocabulary]
        if not gone:
            return None
        mask = np.ones(len(vocabulary), dtype=np.bool_)
        mask[vocabulary.rows(gone)] = False
        return Allowed(mask)

    def _fragments(self) -> list[Fragment | None]:
        if self.model is None:
            return []
        ids, catalogue = self.model.vocabulary.ids, self.model.catalogue
        columns = [[catalogue.field(i, name) for i in ids] for name in ("title", "category")]
        found = fragments_of(ids, *columns)
        for item in self.stored.keys() & set(ids):
            found[self.model.vocabulary.row(item)] = None
        return found

    def fragment(self, row: int) -> Fragment:
        """Rendered now, and kept."""
        assert self.model is not None
        item_id = self.model.vocabulary.ids[row]
        made = self.fragments[row] = fragment(item_id, *self.title_of(item_id))
        return made

    def kept(self, changed: list[ItemRow]) -> list[Fragment | None] | None:
        """The fragments for the next view of the same model: without those of items that changed."""
        if self.model is None:
            return None
        vocabulary, kept = self.model.vocabulary, self.fragments.copy()
        for row in changed:
            if row.item_id in vocabulary:
                kept[vocabulary.row(row.item_id)] = None
        return kept

    @cached_property
    def catalogue(self) -> Catalogue:
        return self.model.catalogue if self.model else Catalogue([], {})

    def get(self, item_id: str) -> ItemView | None:
        """None where nobody knows the item, or it was deleted."""
        row = self.stored.get(item_id)
        place = None if self.model is None else self.model.vocabulary.find(item_id)
        trained = place is not None
        if row is None:
            known = trained or item_id in self.catalogue or (self.model is not None and item_id in self.model.rare)
            if not known:
                return None
            fields = self.catalogue.metadata(item_id)
            title, category = fields.pop("title", None), fields.pop("category", None)
            available = True
        elif row.deleted:
            return None
        else:
            title, category, fields, available = row.title, row.category, dict(row.metadata), row.available
        count = None
        if self.model is not None:
            count = self.model.rare.get(item_id) if place is None else int(self.model.vocabulary.counts[place])
        return ItemView(item_id, _text(title), _text(category), available, fields, trained, count)

    def item(self, item_id: str) -> ItemView:
        """As `get`. Raises ItemUnknown."""
        found = self.get(item_id)
        if found is None:
            raise ItemUnknown.named(item_id)
        return found

    def title_of(self, item_id: str) -> tuple[str | None, str | None]:
        """(title, category), quickly."""
        row = self.stored.get(item_id)
        if row is not None:
            return row.title, row.category
        return _text(self.catalogue.field(item_id, "title")), _text(self.catalogue.field(item_id, "category"))

    def deleted(self, item_id: str) -> bool:
        row = self.stored.get(item_id)
        return row is not None and row.deleted

    def visible(self, item_id: str) -> bool:
        row = self.stored.get(item_id)
        return row is None or (row.available and not row.deleted)

    def trained(self, ids: Iterable[str]) -> list[str]:
        """Those that have a vector."""
        return [] if self.model is None else [item for item in ids if item in self.model.vocabulary]

    @cached_property
    def ids(self) -> list[str]:
        """Every item known and not deleted, by id."""
        known: set[str] = set(self.catalogue.ids)
        if self.model is not None:
            known |= {*self.model.vocabulary.ids, *self.model.rare}
        deleted = {i for i, row in self.stored.items() if row.deleted}
        return sorted((known | self.stored.keys()) - deleted)

    def allowed(self, wanted: Filter) -> Allowed | None:
        """The rows that are visible and pass; None where that is all."""
        if not wanted.conditions or self.model is None:
            return self.hidden
        found = self._filters.get(wanted)
        if found is None:
            vocabulary, hidden = self.model.vocabulary, self.hidden
            mask = np.ones(len(vocabulary), dtype=np.bool_) if hidden is None else hidden.mask.copy()
            for condition in wanted.conditions:
                mask &= condition.passes(self._column(condition))
            if len(self._filters) >= KEPT_FILTERS:
                self._filters.pop(next(iter(self._filters)))
            found = self._filters[wanted] = Allowed(mask)
        return found

    def is_prepared(self, wanted: Filter, score: Score) -> bool:
        """Whether asking with this filter costs well under a millisecond: no filter, or one that was asked for before
        and whose few rows are copied out."""
        if not wanted.conditions:
            return True
        found = self._filters.get(wanted)
        return score == "similar" and found is not None and found.copied

    def _column(self, condition: Condition) -> NDArray[Any]:
        """The field of every row, as an object array."""
        column = self._columns.get(condition.field)
        if column is None:
            assert self.model is not None
            ids, base = self.model.vocabulary.ids, self.catalogue
            values = np.array([base.field(item, condition.field) for item in ids] + [None], dtype=object)[:-1]
            vocabulary = self.model.vocabulary
            for item, row in self.stored.items():
                if item in vocabulary:
                    own = {"title": row.title, "category": row.category}
                    values[vocabulary.row(item)] = own.get(condition.field, row.metadata.get(condition.field))
            if len(self._columns) > 50:
                self._columns.clear()
            column = self._columns[condition.field] = values
        return column


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
