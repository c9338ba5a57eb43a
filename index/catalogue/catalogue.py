"""The metadata of items: title, category, whether they are available, and any other field."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.catalogue.values import first_text, plain
from index.errors import ItemUnknown
from index.vocabulary import Vocabulary

AVAILABLE = "available"  # the field that hides an item where it is false


class Catalogue:
    """Metadata by item id, of items with and without a vector. Stored by column: most items share the same fields."""

    def __init__(
        self,
        ids: list[str],
        columns: Mapping[str, Sequence[Any]],
        vocabulary: Vocabulary | None = None,
        listed: NDArray[np.bool_] | None = None,
    ) -> None:
        """columns: of the vocabulary's items, in the order of their rows, and behind them of those in `ids`. listed:
        bool, which of the former are in the catalogue; without a vocabulary there are the latter only."""
        self.columns = dict(columns)
        self._others = ids
        self._vocabulary = vocabulary
        self._listed = listed

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "Catalogue":
        """From rows with `item_id` and any other fields; of two rows with the same id the later one counts."""
        return cls.from_fields({row["item_id"]: {k: v for k, v in row.items() if k != "item_id"} for row in rows})

    @classmethod
    def from_fields(cls, items: Mapping[str, Mapping[str, Any]]) -> "Catalogue":
        """From the fields of each item, by id."""
        names = dict.fromkeys(name for fields in items.values() for name in fields)
        return cls(list(items), {name: [plain(fields.get(name)) for fields in items.values()] for name in names})

    @cached_property
    def ids(self) -> list[str]:
        """Of all items."""
        if self._vocabulary is None or self._listed is None:
            return self._others
        return [*compress(self._vocabulary.ids, self._listed), *self._others]

    @property
    def size(self) -> int:
        """Values in each column."""
        return len(self._others) + (0 if self._vocabulary is None else len(self._vocabulary))

    @cached_property
    def _places(self) -> dict[str, int]:
        first = 0 if self._vocabulary is None else len(self._vocabulary)
        return {item: place for place, item in enumerate(self._others, first)}

    def _place(self, item: str) -> int | None:
        """Where the item's values are in the columns; None where it is not in the catalogue."""
        row = None if self._vocabulary is None else self._vocabulary.find(item)
        if row is None:
            return self._places.get(item)
        return row if self._listed is None or self._listed[row] else None

    def __contains__(self, item: object) -> bool:
        return isinstance(item, str) and self._place(item) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def field(self, item: str, name: str) -> Any:
        """None where the item or the field is not known."""
        place = self._place(item)
        column = self.columns.get(name)
        return None if place is None or column is None else column[place]

    def of_rows(self, name: str, vocabulary: Vocabulary, rows: range) -> list[Any]:
        """The field of these rows of the vocabulary, as `field` has it: of many, without a look at their ids where the
        columns are in the order of the rows."""
        column = self.columns.get(name)
        if column is None:
            return [None] * len(rows)
        if vocabulary is not self._vocabulary:
            return [self.field(item, name) for item in vocabulary.ids[rows.start : rows.stop]]
        values = list(column[rows.start : rows.stop])
        if self._listed is not None:
            for place in np.flatnonzero(~self._listed[rows.start : rows.stop]).tolist():
                values[place] = None
        return values

    def at_rows(self, name: str, vocabulary: Vocabulary, rows: Sequence[int]) -> list[Any]:
        """As `of_rows`, of a few rows in any order."""
        column = self.columns.get(name)
        if column is None:
            return [None] * len(rows)
        if vocabulary is not self._vocabulary:
            return [self.field(vocabulary.ids[row], name) for row in rows]
        if self._listed is None:
            return list(map(column.__getitem__, rows))
        listed = self._listed[np.asarray(rows, dtype=np.int64)].tolist()
        return [column[row] if there else None for row, there in zip(rows, listed, strict=True)]

    def title(self, item: str) -> str:
        """The title, or the id where there is none."""
        return first_text(self.field(item, "title")) or item

    def category(self, item: str) -> str | None:
        """Of several the first."""
        return first_text(self.field(item, "category"))

    def is_available(self, item: str) -> bool:
        """False only for an item of which the catalogue says so."""
        return self.field(item, AVAILABLE) is not False

    def hidden_rows(self, vocabulary: Vocabulary) -> NDArray[np.int32]:
        """int32, ascending: the items of the vocabulary that are not available."""
        if AVAILABLE not in self.columns:
            return np.empty(0, dtype=np.int32)
        values = self.of_rows(AVAILABLE, vocabulary, range(len(vocabulary)))
        return np.flatnonzero([value is False for value in values]).astype(np.int32)

    def metadata(self, item: str) -> dict[str, Any]:
        """The fields that are known, without the empty ones."""
        return {name: value for name in self.columns if (value := self.field(item, name)) is not None}

    def find(self, text: str, most: int = 10) -> list[str]:
        """At most `most` ids by title, ignoring case: of items with this title, else with one that begins with it, else
        with one that contains it."""
        wanted = text.casefold().strip()
        if "title" not in self.columns or not wanted:
            return []
        folded = [(first_text(self.field(item, "title")) or "").casefold() for item in self.ids]
        for matches in (str.__eq__, str.startswith, str.__contains__):
            found = [item for item, title in zip(self.ids, folded, strict=True) if matches(title, wanted)]
            if found:
                return found[:most]
        return []

    def titled(self, text: str) -> list[str]:
        """Ids of all items with exactly this title, ignoring case."""
        wanted = text.casefold().strip()
        return [item for item in self.find(text, most=len(self.ids)) if self.title(item).casefold() == wanted]

    def resolve(self, text: str) -> str:
        """The id, from an id or a title (see `find`). Raises ItemUnknown, naming the choices if there are several."""
        if text in self:
            return text
        found = self.find(text)
        if len(found) == 1:
            return found[0]
        if not found:
            raise ItemUnknown(f"no item has the id or the title {text!r}")
        choices = "; ".join(f"{self.title(item)} ({item})" for item in found)
        raise ItemUnknown(f"{len(found)} items could be meant by {text!r}: {choices}")
