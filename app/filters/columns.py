"""A field of all items as an array, so that a condition is answered for a million items in about a millisecond.

A condition needs one of two things of a value: the number that it reads as, or the text that it is written as
(app.filters.conditions). So there are two kinds of columns, made when a condition first asks for one.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.filters.conditions import COMPARISONS, Condition, number_of, text_of
from app.filters.unfit import no_numbers, other_kind
from index.catalogue.texts import Texts
from index.search.exact import Mask

CHUNK = 4096  # rows read in one go: no single call may hold the interpreter while requests wait
MISSING, UNKNOWN = -1, -2
SOME = 100  # words that tell of which kind a field's values are
# Words that come after a column was made are in a dictionary, which takes ten times the room: with more than so many,
# and than this share of the others, the column is made anew.
MOST_NEW, NEW_SHARE = 1000, 0.125

Values = Callable[[str, Sequence[int]], list[Any]]
"""(field, rows) -> what the items of these rows have there."""


class Numbers:
    """For lt, le, gt and ge: 8 bytes an item. values: float64 (n,), NaN where there is no number."""

    def __init__(self, values: NDArray[np.float64], given: bool = True) -> None:
        """given: whether any item has a value, be it a number or not."""
        self._values = values
        self._given = given

    @classmethod
    def of(cls, count: int, field: str, values: Values) -> "Numbers":
        made, given = np.empty(count, dtype=np.float64), False
        for rows, some in _chunks(count, field, values):
            made[rows.start : rows.stop] = [number_of(value) for value in some]
            given = given or any(value is not None for value in some)
        return cls(made, given)

    @property
    def nbytes(self) -> int:
        return self._values.nbytes

    def passing(self, condition: Condition) -> Mask:
        """Raises ValueUnfit where there are values, and none is a number."""
        with np.errstate(invalid="ignore"):
            hit = np.asarray(COMPARISONS[condition.operator](self._values, condition.limit), dtype=np.bool_)
        if self._given and not hit.any() and np.isnan(self._values).all():
            raise no_numbers(condition)
        return hit

    def mended(self, rows: Sequence[int], values: Sequence[Any]) -> "Numbers":
        """As it is once these rows have these values."""
        changed = self._values.copy()
        changed[list(rows)] = [number_of(value) for value in values]
        return Numbers(changed, self._given or any(value is not None for value in values))


class Codes:
    """For eq and ne: 4 bytes an item. codes: int32 (n,), of the word that each value is written as, or MISSING."""

    def __init__(self, codes: NDArray[np.int32], words: "Words") -> None:
        self._codes = codes
        self._words = words

    @classmethod
    def of(cls, count: int, field: str, values: Values) -> "Codes":
        made = np.empty(count, dtype=np.int32)
        known: dict[str | None, int] = {None: MISSING}
        for rows, some in _chunks(count, field, values):
            made[rows.start : rows.stop] = [known.setdefault(text_of(value), len(known) - 1) for value in some]
        del known[None]
        return cls(made, Words(known))  # type: ignore[arg-type]

    @property
    def nbytes(self) -> int:
        return self._codes.nbytes + self._words.nbytes

    def passing(self, condition: Condition) -> Mask:
        """Raises ValueUnfit where no value is of the kind that is asked for."""
        wanted = [code for text in condition.values if (code := self._words.find(text)) != UNKNOWN]
        if not wanted:
            unfit = other_kind(condition, self._words.some())
            if unfit is not None:
                raise unfit
            hit: Mask = np.zeros(len(self._codes), dtype=np.bool_)
        elif len(wanted) == 1:
            hit = self._codes == wanted[0]
        else:
            table = np.zeros(len(self._words) + 1, dtype=np.bool_)  # the last for MISSING, which is -1
            table[wanted] = True
            hit = table.take(self._codes, mode="wrap")  # a third of the time of table[codes]
        return hit if condition.operator == "eq" else ~hit

    def mended(self, rows: Sequence[int], values: Sequence[Any]) -> "Codes | None":
        """As it is once these rows have these values; None where there are too many new words."""
        codes = [MISSING if (text := text_of(value)) is None else self._words.code(text) for value in values]
        if UNKNOWN in codes:
            return None
        changed = self._codes.copy()
        changed[list(rows)] = codes
        return Codes(changed, self._words)


Column = Numbers | Codes


def column_of(condition: Condition, count: int, values: Values) -> Column:
    """What the condition needs. Reads all values of its field."""
    return (Numbers if condition.compares else Codes).of(count, condition.field, values)


class Words:
    """Distinct texts with a code each, found by their hashes: 20 bytes and the text itself, where a dictionary takes
    150 for each. Columns that follow each other share them, and add to them from any thread."""

    def __init__(self, known: dict[str, int]) -> None:
        """known: codes from 0 on, each once, in ascending order."""
        self._texts = _packed(known)
        hashes = np.empty(len(known), dtype=np.int64)
        words = iter(known)
        for begin in range(0, len(known), CHUNK):
            hashes[begin : begin + CHUNK] = [hash(word) for word in islice(words, CHUNK)]
        self._codes = np.argsort(hashes, kind="stable").astype(np.int32)
        self._hashes = hashes[self._codes]
        self._new: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._hashes) + len(self._new)

    @property
    def nbytes(self) -> int:
        return self._hashes.nbytes + self._codes.nbytes + self._texts.text.nbytes + self._texts.ends.nbytes

    def some(self) -> list[str]:
        """The first of them, and of those that came later."""
        old = (self._texts[code] for code in range(min(SOME, len(self._hashes))))
        with self._lock:
            return [word for word in (*old, *islice(self._new, SOME)) if word is not None]

    def find(self, text: str) -> int:
        """UNKNOWN where there is no such word."""
        wanted = hash(text)
        place = int(np.searchsorted(self._hashes, wanted))
        while place < len(self._hashes) and self._hashes[place] == wanted:
            code = int(self._codes[place])
            if self._texts[code] == text:
                return code
            place += 1
        return self._new.get(text, UNKNOWN)

    def code(self, text: str) -> int:
        """Of a word that may be new; UNKNOWN where too many are."""
        found = self.find(text)
        if found != UNKNOWN:
            return found
        with self._lock:
            if len(self._new) >= max(MOST_NEW, int(len(self._hashes) * NEW_SHARE)):
                return self._new.get(text, UNKNOWN)
            return self._new.setdefault(text, len(self))


def _chunks(count: int, field: str, values: Values) -> Iterator[tuple[range, list[Any]]]:
    for begin in range(0, count, CHUNK):
        rows = range(begin, min(begin + CHUNK, count))
        yield rows, values(field, rows)


def _packed(words: dict[str, int]) -> Texts:
    """As Texts.of, in steps."""
    text = bytearray()
    ends = np.empty(len(words), dtype=np.int64)
    for number, word in enumerate(words):
        text += word.encode("utf-8", "surrogatepass")
        ends[number] = len(text)
    return Texts(np.frombuffer(bytes(text), dtype=np.uint8), ends)
