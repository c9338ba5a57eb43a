"""A column of texts in two arrays, which may be mapped: read when it is asked for, and shared by processes."""

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

NONE = b"\xff"  # no text in UTF-8 has this byte


class Texts(Sequence[str | None]):
    """text: uint8 (m,), all values one behind the other in UTF-8, NONE for None. ends: int64 (n,), where each ends."""

    def __init__(self, text: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self.text = text
        self.ends = ends
        # Plain numbers and bytes come out of these in a third of the time.
        self._text, self._ends = text.data, ends.data

    @classmethod
    def of(cls, values: Iterable[str | None]) -> "Texts":
        # A lone surrogate has no UTF-8, but JSON can bring one.
        parts = [NONE if value is None else value.encode("utf-8", "surrogatepass") for value in values]
        ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        return cls(np.frombuffer(b"".join(parts), dtype=np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, place: int) -> str | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[str | None]: ...

    def __getitem__(self, place: int | slice) -> str | list[str | None] | None:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        value = bytes(self._text[self._ends[place - 1] if place else 0 : self._ends[place]])
        return None if value == NONE else value.decode("utf-8", "surrogatepass")

    def is_sound(self) -> bool:
        """Whether each value is there, and text."""
        ends = self.ends
        if ends.ndim != 1 or (np.diff(ends, prepend=0) < 0).any() or (ends[-1] if len(ends) else 0) != len(self.text):
            return False
        inner = self.text[ends[ends < len(self.text)]]
        if ((inner & 0xC0) == 0x80).any():  # begins in the middle of a character
            return False
        try:
            bytes(self.text).replace(NONE, b"").decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return False
        return True
