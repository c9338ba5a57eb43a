"""Which columns of a table are the ids and the vectors."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from index.errors import VectorsError

ID_NAMES = ("item_id", "id", "item", "key", "word", "token", "itemid", "product_id", "asin")
SHOWN = 5
NUMBERED = re.compile(r"(.*?)(\d+)")


class Columns(NamedTuple):
    """vectors: the column of lists, or the columns of the numbers in their order. many: whether it is the latter."""

    ids: str
    vectors: tuple[str, ...]
    many: bool

    def said(self, format: str) -> str:
        """In words, since both may have been guessed."""
        first, last = self.vectors[0], self.vectors[-1]
        return f"{format}, ids in {self.ids}, vectors in {f'{first} to {last}' if self.many else first}"


def columns_of(kinds: Mapping[str, int], path: Path, ids: str | None, vectors: str | None) -> Columns:
    """kinds: column -> how many numbers it holds in a row: 0 for text, 1, or more in a list. ids, vectors: names that
    are asked for; None: found by name and kind. Raises VectorsError that lists the columns."""
    there = ", ".join(kinds)
    for asked in (ids, vectors):
        if asked is not None and asked not in kinds:
            raise VectorsError(f"has no column {asked!r}; it has {there}", path)
    lists = [name for name, count in kinds.items() if count > 1 and name != ids]
    if vectors is not None:
        chosen: tuple[str, ...] = (vectors,)
    elif len(lists) == 1:
        chosen = (lists[0],)
    elif lists:
        some = " and ".join(lists[:SHOWN]) + (f" and {len(lists) - SHOWN:,} more" if len(lists) > SHOWN else "")
        raise VectorsError(f"has lists of numbers in {some}: name one with --vector-column", path)
    else:
        chosen = _numbered(kinds, ids)
    if not chosen or (len(chosen) == 1 and kinds[chosen[0]] < 2):
        raise VectorsError(
            f"has the columns {there}: no list of numbers, and no columns numbered from 0 or 1, as v0, v1, ...", path
        )
    if ids is None:
        ids = _id_column(kinds, chosen, path)
    return Columns(ids, chosen, len(chosen) > 1)


def numbers_in(text: str) -> int:
    """How many numbers a value is written of; 0 where it is something else."""
    pieces = re.split(r"[\s,;|]+", text.strip(" \t\r\n[](){}"))
    try:
        return len(list(map(float, pieces)))
    except ValueError:
        return 0


def _id_column(kinds: Mapping[str, int], vectors: tuple[str, ...], path: Path) -> str:
    others = [name for name in kinds if name not in vectors]
    named = {name.lower(): name for name in reversed(others)}
    found = next((named[name] for name in ID_NAMES if name in named), None)
    if found is None and len(others) == 1:
        return others[0]
    if found is None:
        what = f"its columns beside the vectors are {', '.join(others)}" if others else "it has vectors only"
        raise VectorsError(f"does not say which column has the ids: {what}; name it with --id-column", path)
    return found


def _numbered(kinds: Mapping[str, int], ids: str | None) -> tuple[str, ...]:
    """The largest group of columns of numbers with one name and the numbers 0, 1, 2, ... or 1, 2, 3, ..., in that
    order, whatever their order in the table."""
    groups: dict[str, dict[int, str]] = {}
    for name, count in kinds.items():
        match = NUMBERED.fullmatch(name)
        if count == 1 and match is not None and name != ids:
            groups.setdefault(match[1], {})[int(match[2])] = name
    whole = [
        group
        for group in groups.values()
        if len(group) > 1 and min(group) in (0, 1) and max(group) - min(group) == len(group) - 1
    ]
    largest = max(whole, key=len, default={})
    return tuple(largest[number] for number in sorted(largest))
