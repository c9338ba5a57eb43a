"""A CSV file up close: its columns and its dialect, from its first lines."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import EventsError
from training.events.delimited import preamble
from training.events.delimited.csvheader import Header, header_of
from training.events.text.blanks import Marks, around
from training.events.text.plain import Text
from training.eventsconfig import EventsConfig

DELIMITERS = (",", "\t", ";", "|", "::", "\x01")  # \x01: Hive's
NAMES = {"\t": "a tab", "\x01": "\\x01", " ": "a blank"}
HEAD_BYTES = 1 << 18
LOOK_RECORDS = 50
QUOTE = '"'
ONE = "\x1f"  # stands for a delimiter of several characters, where Python's reader takes one
SEP = re.compile(r'"?sep=(?P<delimiter>[^"\r\n]{1,4}?)"?[ \t,;]*(?:\r\n?|\n|$)', re.IGNORECASE)
BLANK_LINE = re.compile(r"[ \t]*(?:\r\n?|\n)")


@dataclass(frozen=True)
class Dialect:
    """How to cut a file into lines and a line into values. quote: a double one, or none. header: whether a line names
    the columns. skip: lines before it."""

    delimiter: str
    quote: str = QUOTE
    escape: str = QUOTE
    header: bool = True
    skip: int = 0

    @property
    def before(self) -> int:
        """Lines before the first row."""
        return self.skip + self.header

    @property
    def marks(self) -> Marks:
        """Of its first byte, where the delimiter has several."""
        quote = ord(self.quote) if self.quote else -1
        return Marks(self.delimiter.encode()[0], quote, ord(self.escape) if self.escape else -1)


@dataclass(frozen=True)
class Table:
    """columns: names as DuckDB takes them. text: to read it from. said: how it is read, in words; what is in
    `guesses` may be wrong."""

    columns: list[str]
    dialect: Dialect
    text: Text
    said: str
    guesses: tuple[str, ...]


def look(
    text: Text, config: EventsConfig, required: Sequence[str], wanted: Sequence[str], folder: Path | None = None
) -> Table | None:
    """None for an empty file. required: columns that have to be there; wanted: those and the others that are named.
    folder: for a copy.

    What the settings leave open is taken from the first lines. Raises EventsError.
    """
    head = text.head(HEAD_BYTES)
    lines = head.decode("utf-8", "replace")
    if len(head) == HEAD_BYTES:
        lines = lines[: lines.rfind("\n") + 1] or lines
    lines, skip, stated = _first_line(lines)
    front = preamble.comments(lines, wanted)
    lines, left_out = lines[len(front) :], len(front.splitlines())
    skip += left_out
    if not lines.strip():
        return None
    delimiter = config.delimiter or stated or _likely(lines, config, wanted)
    quote, escape = _quotes(lines, delimiter, config.quoting)
    dialect = Dialect(delimiter, quote, escape, skip=skip)
    guesses = [] if quote or config.quoting == "none" else ["quotes are plain characters, by guess (--quoting none)"]
    if left_out:
        guesses.append(f"{left_out} lines in front that begin with # are left out")
    if skip and text.marked:
        text = text.without_mark(folder)  # DuckDB 2.0.0 then takes all rows for one, and gives none
    if len(delimiter.encode()) == 1 and delimiter not in " \t":
        behind, before = around("\n".join(lines.split("\n")[:LOOK_RECORDS]).encode(), dialect.marks)
        if behind:
            text = text.without_blanks(dialect.marks, before, folder)
            guesses.append("blanks beside the delimiters are left out of the values")
            lines = re.sub(f" *{re.escape(delimiter)} *", delimiter, lines)
    records = _records(lines, dialect, LOOK_RECORDS)
    header = header_of(text.name, records, config, required)
    dialect = Dialect(delimiter, quote, escape, header.line, skip)
    said = f"{NAMES.get(delimiter, repr(delimiter))} between the columns, {header.said}"
    guesses += [f"{header.said}, by guess (--header)"] if header.was_guessed else []
    return Table(_distinct(text.name, header, wanted), dialect, text, said, tuple(guesses))


def _first_line(lines: str) -> tuple[str, int, str | None]:
    """(the lines from the first that is a header or a row, how many come before, the delimiter that one states)."""
    skip, stated = 0, None
    while found := BLANK_LINE.match(lines) or (SEP.match(lines) if stated is None else None):
        stated = found.groupdict().get("delimiter") or stated
        lines, skip = lines[found.end() :], skip + 1
    return lines, skip, stated


def _likely(lines: str, config: EventsConfig, wanted: Sequence[str]) -> str:
    """The delimiter that finds most of the wanted columns; without a header, the one that cuts all lines alike."""
    found = {d: _records(lines, Dialect(d), LOOK_RECORDS) for d in DELIMITERS}

    def score(delimiter: str) -> tuple[int, bool, int]:
        records = found[delimiter]
        first = [name.strip() for name in records[0]] if records else []
        named = len({name for column in first for name in (column, column.partition(":")[0])} & set(wanted))
        alike = sum(len(record) == len(first) for record in records) > 0.9 * len(records)
        return named, alike and len(first) > 1, len(first)

    return max(DELIMITERS, key=score)


def _quotes(lines: str, delimiter: str, quoting: str) -> tuple[str, str]:
    """(quote, escape), both '' where quotes are plain characters."""
    if quoting == "none":
        return "", ""
    ends, begins = rf"[\r\n]|{re.escape(delimiter)}|$", rf"(?:^|{re.escape(delimiter)})"
    # A quoted field that goes on after \" was written with backslashes, as MySQL and Spark do.
    if re.search(rf'\\"(?!{ends})', lines):
        return QUOTE, "\\"
    if delimiter not in ",;":
        # Whoever writes tabs seldom quotes: a value that goes on after its quote, as "Heroes" (live), has plain ones.
        whole = len(re.findall(rf'{begins}"(?:[^"]|"")*"(?={ends})', lines, re.MULTILINE))
        broken = len(re.findall(rf'{begins}"[^"\r\n]*"(?!"|{ends})', lines, re.MULTILINE))
        if broken > whole:
            return "", ""
    return QUOTE, QUOTE


def _records(lines: str, dialect: Dialect, most: int) -> list[list[str]]:
    """The first of them, blank lines left out; the values as they stand."""
    one, delimiter = (dialect.delimiter, None) if len(dialect.delimiter) == 1 else (ONE, dialect.delimiter)
    if delimiter is not None:
        lines = lines.replace(delimiter, ONE)
    style = {"quoting": csv.QUOTE_NONE} if not dialect.quote else {"quotechar": QUOTE}
    found: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(lines, newline=""), delimiter=one, **style):
            if record:
                found.append(record if delimiter is None else [value.replace(ONE, delimiter) for value in record])
            if len(found) == most:
                break
    except csv.Error:
        pass
    return found


def _distinct(file: str, header: Header, wanted: Sequence[str]) -> list[str]:
    """Names that differ in more than letter case, as DuckDB needs them; those that are wanted stay as they are."""
    taken = {column.lower() for column in wanted if column in header.names}
    names: list[str] = []
    for place, column in enumerate(header.names):
        found = column or f"column{place}"
        if column in wanted:
            if column in names:
                raise EventsError(f"{file}: two columns are called {column!r}; rename one, or name another")
        else:
            while found.lower() in taken:
                found += "_1"
        taken.add(found.lower())
        names.append(found)
    return names
