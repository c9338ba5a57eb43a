"""A column of lists of texts in arrays, which may be mapped: each distinct text once, and its number in every list."""

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from index.catalogue.texts import Texts


class Lists(Sequence[list[str] | None]):
    """words: distinct texts. members: int32 (m,), places in `words`, all lists one behind the other. ends: int64 (n,),
    where each ends; None is an empty one. 4 bytes for each text of each item, and 8 for the item."""

    def __init__(self, words: Texts, members: NDArray[np.int32], ends: NDArray[np.int64]) -> None:
        self.words = words
        self.members = members
        self.ends = ends

    @classmethod
    def of(cls, values: Iterable[list[str] | None]) -> "Lists":
        places: dict[str, int] = {}
        parts = [[places.setdefault(word, len(places)) for word in value or ()] for value in values]
        ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        members = np.array([place for part in parts for place in part], dtype=np.int32)
        return cls(Texts.of(places), members, ends)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, place: int) -> list[str] | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[list[str] | None]: ...

    def __getitem__(self, place: int | slice) -> list[str] | list[list[str] | None] | None:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        found = self.members[self.ends[place - 1] if place else 0 : self.ends[place]]
        return [str(self.words[word]) for word in found.tolist()] or None

    def is_sound(self) -> bool:
        """Whether each value is there, and text."""
        ends, members = self.ends, self.members
        if ends.ndim != 1 or members.ndim != 1 or (np.diff(ends, prepend=0) < 0).any():
            return False
        if (ends[-1] if len(ends) else 0) != len(members) or not self.words.is_sound():
            return False
        return not len(members) or bool(members.min() >= 0 and members.max() < len(self.words))
