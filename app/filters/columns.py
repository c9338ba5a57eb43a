"""A field of all items as an array, so that a condition is answered for a million items in about a millisecond.

A condition needs one of four things of a value: the number or the moment that it reads as, the text that it is written
as, or the texts of its elements (app.filters.conditions). So there are as many kinds of columns, made when a condition
first asks for one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from app.filters.conditions import COMPARISONS, READS, Condition, Kind
from app.filters.unfit import not_comparable, other_kind
from app.filters.words import UNKNOWN, Words
from index.catalogue.values import text_of, texts_of
from index.search.exact import Mask, Rows

CHUNK = 4096  # rows read in one go: no single call may hold the interpreter while requests wait
MISSING = -1

Values = Callable[[str, Sequence[int]], list[Any]]
"""(field, rows) -> what the items of these rows have there."""


class Numbers:
    """For lt, le, gt and ge: 8 bytes an item. values: float64 (n,), NaN where there is no number."""

    kind: Kind = "number"

    def __init__(self, values: NDArray[np.float64], given: bool = True) -> None:
        """given: whether any item has a value, be it a number or not."""
        self._values = values
        self._given = given

    @classmethod
    def of(cls, count: int, field: str, values: Values) -> Self:
        made, given, read = np.empty(count, dtype=np.float64), False, READS[cls.kind]
        for rows, some in _chunks(count, field, values):
            made[rows.start : rows.stop] = [read(value) for value in some]
            given = given or any(value is not None for value in some)
        return cls(made, given)

    @property
    def nbytes(self) -> int:
        return self._values.nbytes

    def passing(self, condition: Condition) -> Mask:
        """Raises ValueUnfit where there are values, and none is a number, or a date."""
        with np.errstate(invalid="ignore"):
            hit = np.asarray(COMPARISONS[condition.operator](self._values, condition.limit), dtype=np.bool_)
        if self._given and not hit.any() and np.isnan(self._values).all():
            raise not_comparable(condition)
        return hit

    def mended(self, rows: Sequence[int], values: Sequence[Any]) -> Self:
        """As it is once these rows have these values."""
        changed, read = self._values.copy(), READS[self.kind]
        changed[list(rows)] = [read(value) for value in values]
        return type(self)(changed, self._given or any(value is not None for value in values))


class Moments(Numbers):
    """The same with a date. values: microseconds since 1970, exact up to the year 2255."""

    kind: Kind = "moment"


class Codes:
    """For eq and ne: 4 bytes an item. codes: int32 (n,), of the word that each value is written as, or MISSING."""

    def __init__(self, codes: NDArray[np.int32], words: Words) -> None:
        self._codes = codes
        self._words = words

    @classmethod
    def of(cls, count: int, field: str, values: Values) -> Self:
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
        return ~hit if condition.operator == "ne" else hit

    def mended(self, rows: Sequence[int], values: Sequence[Any]) -> Self | None:
        """As it is once these rows have these values; None where there are too many new words."""
        codes = [MISSING if (text := text_of(value)) is None else self._words.code(text) for value in values]
        if UNKNOWN in codes:
            return None
        changed = self._codes.copy()
        changed[list(rows)] = codes
        return type(self)(changed, self._words)


class Singles(Codes):
    """For has, where no item has more than one element: in half the room and time of Members."""

    def mended(self, rows: Sequence[int], values: Sequence[Any]) -> Self | None:
        found = [texts_of(value) for value in values]
        if any(len(texts) > 1 for texts in found):
            return None
        return super().mended(rows, [texts[0] if texts else None for texts in found])


class Members:
    """For has: 8 bytes an element. rows, codes: int32 (m,), of which row each element is, and the code of its text."""

    def __init__(self, count: int, rows: Rows, codes: NDArray[np.int32], words: Words) -> None:
        self._count = count
        self._rows = rows
        self._codes = codes
        self._words = words

    @classmethod
    def of(cls, count: int, field: str, values: Values) -> "Members | Singles":
        lengths = np.zeros(count, dtype=np.int64)
        known: dict[str, int] = {}
        parts = [np.empty(0, dtype=np.int32)]
        for rows, some in _chunks(count, field, values):
            found = [texts_of(value) for value in some]
            lengths[rows.start : rows.stop] = [len(texts) for texts in found]
            codes = [known.setdefault(text, len(known)) for texts in found for text in texts]
            parts.append(np.array(codes, dtype=np.int32))
        flat = np.concatenate(parts)
        if lengths.max(initial=0) <= 1:
            made = np.full(count, MISSING, dtype=np.int32)
            made[lengths == 1] = flat
            return Singles(made, Words(known))
        return cls(count, np.repeat(np.arange(count, dtype=np.int32), lengths), flat, Words(known))

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes + self._codes.nbytes + self._words.nbytes

    def passing(self, condition: Condition) -> Mask:
        """Raises ValueUnfit where no element is of the kind that is asked for."""
        wanted = [code for text in condition.values if (code := self._words.find(text)) != UNKNOWN]
        if not wanted and (unfit := other_kind(condition, self._words.some())) is not None:
            raise unfit
        table = np.zeros(len(self._words), dtype=np.bool_)
        table[wanted] = True
        hit: Mask = np.zeros(self._count, dtype=np.bool_)
        hit[self._rows[table[self._codes]]] = True
        return hit

    def mended(self, rows: Sequence[int], values: Sequence[Any]) -> "Members | None":
        """As it is once these rows have these values; None where there are too many new words."""
        found = [texts_of(value) for value in values]
        codes = [self._words.code(text) for texts in found for text in texts]
        if UNKNOWN in codes:
            return None
        stay = ~np.isin(self._rows, np.array(rows, dtype=np.int32))
        more = np.repeat(np.array(rows, dtype=np.int32), [len(texts) for texts in found])
        return Members(
            self._count,
            np.concatenate([self._rows[stay], more]),
            np.concatenate([self._codes[stay], np.array(codes, dtype=np.int32)]),
            self._words,
        )


Column = Numbers | Codes | Members
KINDS: dict[Kind, type[Numbers] | type[Codes] | type[Members]] = {
    "number": Numbers,
    "moment": Moments,
    "text": Codes,
    "element": Members,
}


def column_of(condition: Condition, count: int, values: Values) -> Column:
    """What the condition needs. Reads all values of its field."""
    return KINDS[condition.kind].of(count, condition.field, values)


def _chunks(count: int, field: str, values: Values) -> Iterator[tuple[range, list[Any]]]:
    for begin in range(0, count, CHUNK):
        rows = range(begin, min(begin + CHUNK, count))
        yield rows, values(field, rows)
