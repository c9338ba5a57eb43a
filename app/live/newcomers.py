"""Items without a past, as the service has them: those of the model's catalogue under what the database says now."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.filters.conditions import Filter
from app.filters.sieve import Known, Names, Sieve
from app.live.snapshot import Snapshot
from app.live.stored import Change as StoredChange
from app.live.stored import Stored
from index.content.newcomers import Change, Newcomers
from index.model import Model
from index.search.exact import Mask
from store.packed import Packed, is_available, is_deleted, unpack

Fields = Callable[[str], Mapping[str, Any]]


def fields_of(packed: Packed) -> dict[str, Any]:
    """Title, category and metadata under their names, without the empty ones."""
    title, category, metadata = unpack(packed)
    named = {"title": title, "category": category, **metadata}
    return {name: value for name, value in named.items() if value is not None}


def changes_of(news: Iterable[StoredChange], model: Model) -> Iterator[Change]:
    """Of items that the model has no row of."""
    for item_id, packed in news:
        if item_id not in model.vocabulary:
            yield Change(item_id, None if is_deleted(packed) else fields_of(packed), is_available(packed))


@dataclass(frozen=True)
class Prepared:
    """newcomers: of one model, with the items that were stored at one moment; None where it has no content map."""

    newcomers: Newcomers | None
    stored: Stored

    @classmethod
    def of(cls, snapshot: Snapshot | None, stored: Stored) -> "Prepared":
        base = None if snapshot is None else snapshot.model.newcomers
        if snapshot is None or base is None:
            return cls(None, stored)
        return cls(base.following(changes_of(stored.pairs(), snapshot.model)), stored)

    def since(self, stored: Stored) -> Iterator[StoredChange]:
        """What changed since that moment."""
        return ((item, packed) for item, packed in stored.pairs() if self.stored.get(item) is not packed)


class NewSieve:
    """Which newcomers pass which filter, by their places."""

    def __init__(self, newcomers: Newcomers, sieve: Sieve) -> None:
        self._newcomers = newcomers
        self._sieve = sieve

    @classmethod
    def of(
        cls, newcomers: Newcomers, fields: Fields, before: "NewSieve | None", known: Known, names: Names
    ) -> "NewSieve":
        def values(field: str, places: Sequence[int]) -> list[Any]:
            # A place is taken once, and its item's metadata is another only when it has left it.
            ids = newcomers.ids
            return [fields(ids[place]).get(field) if place < newcomers.used else None for place in places]

        if before is None or not newcomers.follows(before._newcomers):
            return cls(newcomers, Sieve(newcomers.shown, values, None, (), known, names))
        moved = (newcomers.shown != before._newcomers.shown).nonzero()[0].tolist()
        return cls(newcomers, Sieve(newcomers.shown, values, before._sieve, moved, known, names))

    def passing(self, wanted: Filter) -> Mask:
        """bool (room,). Raises FieldUnknown, ValueUnfit."""
        return self._sieve.allowed(wanted).mask
