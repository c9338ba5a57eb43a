"""One model and one state of the live catalogue: what a request takes, and keeps to its end.

The model's own items lie under what the database says of them now. Filters and availability are read here, never from
the model, so that a hidden item is gone without any training.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from app.live.filters import Filter
from app.live.fragments import fragment
from app.live.sieve import Sieve
from app.live.snapshot import Snapshot
from index.catalogue import Catalogue
from index.errors import ItemUnknown
from index.model import Model, Score
from index.search.allowed import Allowed
from store.items import ItemRow


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
        before: "View | None" = None,
        changed: Sequence[ItemRow] = (),
    ) -> None:
        """before: a view of the same model that this one follows, and what changed since; what it has made is taken
        over. None: everything is made anew."""
        self.snapshot = snapshot
        self.stored = stored
        self.number = number
        self.version = snapshot.version if snapshot else None
        self.etag = f'"{self.version}.{number}"'
        self.model: Model | None = snapshot.model if snapshot else None
        self.gone: frozenset[int] = frozenset()
        self.fragments: list[bytes | None] = []
        if self.model is not None:
            self._follow(self.model, before, changed)

    def _follow(self, model: Model, before: "View | None", changed: Sequence[ItemRow]) -> None:
        news = self.stored.values() if before is None else changed
        rows = {row: item for item in news if (row := model.vocabulary.find(item.item_id)) is not None}
        hidden = {row for row, item in rows.items() if item.deleted or not item.available}
        if before is None:
            self.gone = frozenset(hidden)
            self.fragments = [None] * len(model.vocabulary)
            shown = np.ones(len(model.vocabulary), dtype=np.bool_)
            shown[list(hidden)] = False
            self._sieve, self._shown = Sieve(shown, self._values), Allowed(shown)
            return
        self.gone = (before.gone - rows.keys()) | hidden
        self.fragments = before.fragments.copy()
        for row in rows:
            self.fragments[row] = None
        at = np.array(list(rows), dtype=np.int32)
        self._shown = before._shown.mended(at, np.array([row not in hidden for row in rows], dtype=np.bool_))
        self._sieve = Sieve(self._shown.mask, self._values, before._sieve, list(rows))

    @property
    def hidden(self) -> Allowed | None:
        """The rows that may be shown; None where that is all of them."""
        return self._shown if self.gone else None

    def fragment(self, row: int) -> bytes:
        """Rendered now, and kept."""
        assert self.model is not None
        item_id = self.model.vocabulary.ids[row]
        made = self.fragments[row] = fragment(item_id, *self.title_of(item_id))
        return made

    def _values(self, field: str, rows: Sequence[int]) -> list[Any]:
        assert self.model is not None
        ids = self.model.vocabulary.ids
        return [self._value(ids[row], field) for row in rows]

    def _value(self, item_id: str, field: str) -> Any:
        row = self.stored.get(item_id)
        if row is None:
            return self.catalogue.field(item_id, field)
        return row.title if field == "title" else row.category if field == "category" else row.metadata.get(field)

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
        found = self._sieve.allowed(wanted)
        found.few(self.model.vectors)  # copied here, so that no later request waits for it
        return found

    def is_short(self, wanted: Filter, score: Score, k: int) -> bool:
        """Whether a list of k costs well under a millisecond: it is stored, or few rows are to be scanned."""
        if self.model is None or k > self.model.stored[score].rows.shape[1]:
            return False
        return not wanted.conditions or (score == "similar" and self._sieve.is_ready(wanted))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
