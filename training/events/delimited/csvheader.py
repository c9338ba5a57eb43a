"""Whether the first line of a CSV file names its columns, and what they are called where it does not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.errors import EventsError
from training.eventsconfig import EventsConfig

# RecBole's atomic files write the type behind the name: user_id:token, timestamp:float.
TYPED = re.compile(r"(.+):(?:token|token_seq|float|float_seq)")
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
MOMENT = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\d{4}-?\d{2}-?\d{2}T|\d{9,19}(?:\.\d+)?$")
NAMED, UNNAMED = "names in the first line", "no names in the first line"
SHOWN = 8


@dataclass(frozen=True)
class Header:
    """names: of the columns, in order. line: whether the first line is none of the rows. was_guessed: it is not what
    most files have, and no setting says so."""

    names: list[str]
    line: bool
    said: str
    was_guessed: bool = False


def header_of(file: str, records: Sequence[Sequence[str]], config: EventsConfig, required: Sequence[str]) -> Header:
    """records: the first ones. required: columns that have to be there. Raises EventsError where the names that are
    given are not as many as the columns."""
    first = [value.strip() for value in records[0]] if records else []
    numbers = [str(place) for place in range(1, len(first) + 1)]
    if config.columns:
        given = list(config.columns)
        line = config.header == "yes" or (config.header == "auto" and _same(first, given))
        if len(first) != len(given):
            raise EventsError(
                f"{file}: --columns has {len(given)} names, and its first line {len(first)} values: "
                f"{shown(first)}. Name all of them in order; is --delimiter right?"
            )
        return Header(given, line, f"{NAMED}, and others given" if line else "names as given")
    names = _untyped(first, required)
    if config.header != "no" and set(required) <= set(names) and (more := _unnamed(records)) is not None:
        place, said = more
        names.insert(place, "")
        return Header(names, True, f"{NAMED}, one fewer than values: {said}", config.header == "auto")
    by_number = all(column.isdecimal() for column in required) and not set(required) <= set(first)
    if config.header == "no":
        return Header(numbers, False, f"{UNNAMED}: columns by number")
    if not by_number:
        return Header(names, True, NAMED)
    if config.header == "yes" or _names_above(records, required):
        return Header(numbers, True, f"{NAMED}, and columns by number", config.header == "auto")
    return Header(numbers, False, f"{UNNAMED}: columns by number")


def _unnamed(records: Sequence[Sequence[str]]) -> tuple[int, str] | None:
    """Where the column is that the first line does not name, and what it is: where each row has one value more than the
    first line, it holds R's names of the rows, or nothing, behind a delimiter at the end of each row."""
    width, rows = len(records[0]) if records else 0, records[1:]
    if len(rows) < 2 or any(len(row) != width + 1 for row in rows):
        return None
    if not any(row[-1].strip() for row in rows):
        return width, "a delimiter ends each row"
    if len({row[0] for row in rows}) == len(rows):
        return 0, "the first column is taken for R's names of the rows"
    return None


def _same(first: Sequence[str], given: Sequence[str]) -> bool:
    return [name.casefold() for name in first] == [name.casefold() for name in given]


def _untyped(first: list[str], required: Sequence[str]) -> list[str]:
    typed = [TYPED.fullmatch(name) for name in first]
    if not all(typed):
        return first
    return [m[1] if m and m[0] not in required else name for m, name in zip(typed, first, strict=True)]


def _names_above(records: Sequence[Sequence[str]], required: Sequence[str]) -> bool:
    """Whether the first line holds names although columns are asked for by number: no digit where the second has."""
    places = [int(column) - 1 for column in required]
    if len(records) < 2 or not places or max(places) >= min(len(records[0]), len(records[1])):
        return False
    above, below = ([record[place] for place in places] for record in records[:2])
    return not any(map(_digits, above)) and any(map(_digits, below))


def _digits(value: str) -> bool:
    return any(letter.isdigit() for letter in value)


def unnamed_hint(names: Sequence[str], session: bool) -> str:
    """What to type where the first line looks like a row; '' where it may be names. names: of its columns, so far."""
    if names and names[0].startswith("{"):
        return ". Its first line looks like JSON: --format jsonl"
    if not any(NUMBER.fullmatch(name) or MOMENT.match(name) for name in names):
        return ""
    # Two equal values were told apart as columns of one name are.
    names = [
        re.sub("(_1)+$", "", n) if re.sub("(_1)+$", "", n) in names[:place] else n for place, n in enumerate(names)
    ]
    numbers = [place for place, name in enumerate(names) if NUMBER.fullmatch(name)]
    time = next((place for place, name in enumerate(names) if MOMENT.match(name)), numbers[-1] if numbers else None)
    others = [place for place in range(len(names)) if place != time]
    flags = ["--session" if session else "--user", "--item"]
    typed = [f"{flag} {place + 1}" for flag, place in zip(flags, others, strict=False)]
    typed += [] if time is None else [f"--time {time + 1}"]
    return (
        f". Its first line looks like a row, not like names. If so, name columns by their number ({shown(names)}), for "
        f"example {' '.join(typed)}, or name all of them with --columns"
    )


def shown(values: Sequence[str]) -> str:
    """1: 'u1', 2: 'i5', ..."""
    listed = ", ".join(f"{place}: {value[:40]!r}" for place, value in enumerate(values[:SHOWN], 1))
    return listed + (", ..." if len(values) > SHOWN else "")
