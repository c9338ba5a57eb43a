"""The metadata of items: title, category and any other field."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from index.errors import ItemUnknown


class Catalogue:
    """Metadata by item id, of items with and without a vector. Stored by column: most items share the same fields."""

    def __init__(self, ids: list[str], columns: Mapping[str, list[Any]]) -> None:
        self.ids = ids
        self.columns = dict(columns)

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "Catalogue":
        """From rows with `item_id` and any other fields; of two rows with the same id the later one counts."""
        latest = {row["item_id"]: row for row in rows}
        names = dict.fromkeys(name for row in latest.values() for name in row if name != "item_id")
        return cls(list(latest), {name: [_plain(row.get(name)) for row in latest.values()] for name in names})

    def to_json(self) -> dict[str, Any]:
        return {"ids": self.ids, "columns": self.columns}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Catalogue":
        return cls(content["ids"], content["columns"])

    @cached_property
    def _places(self) -> dict[str, int]:
        return {item: i for i, item in enumerate(self.ids)}

    def __contains__(self, item: object) -> bool:
        return item in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def field(self, item: str, name: str) -> Any:
        """None where the item or the field is not known."""
        place = self._places.get(item)
        column = self.columns.get(name)
        return None if place is None or column is None else column[place]

    def title(self, item: str) -> str:
        """The title, or the id where there is none."""
        return str(self.field(item, "title") or item)

    def category(self, item: str) -> str | None:
        found = self.field(item, "category")
        return None if found is None else str(found)

    def metadata(self, item: str) -> dict[str, Any]:
        """The fields that are known, without the empty ones."""
        return {name: value for name in self.columns if (value := self.field(item, name)) is not None}

    def find(self, text: str, most: int = 10) -> list[str]:
        """At most `most` ids by title, ignoring case: of items with this title, else with one that begins with it, else
        with one that contains it."""
        wanted = text.casefold().strip()
        titles = self.columns.get("title")
        if titles is None or not wanted:
            return []
        folded = [str(title or "").casefold() for title in titles]
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


def _plain(value: Any) -> Any:
    """What JSON can hold: times and other types as text, NaN as nothing."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return str(value)
