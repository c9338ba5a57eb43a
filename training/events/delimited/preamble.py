"""What stands before the table in a file of text: comments, titles, the frame of a drawn table, SQL."""

import re
from collections.abc import Sequence

LOOK_LINES = 60
SIGNS = re.compile(r"[,;\t|\x01]")
# Hashtags are ids too: # alone begins a comment where a blank or a rule follows.
COMMENT = re.compile(r"\s*(?:#(?:[\s#=*-]|$)|--(?:[\s-]|$)|//|/\*|\+-)")
HASH = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n)")
KINDS = (
    (re.compile(r"\+-[-+]*\+\s*$", re.MULTILINE), "It is a table drawn for people, as mysql does: mysql --batch "
     "writes it with tabs between the columns"),
    (re.compile(r"^COPY [^\n]+ FROM stdin;", re.MULTILINE | re.IGNORECASE), "It is a dump of PostgreSQL: write the "
     "table with psql -c '\\copy (SELECT ...) TO log.csv CSV HEADER'"),
    (re.compile(r"^INSERT INTO ", re.MULTILINE | re.IGNORECASE), "It holds SQL statements: export the table as CSV"),
)  # fmt: skip


def comments(lines: str, wanted: Sequence[str]) -> str:
    """The lines that begin with # in front of a table, with blank ones among them; '' where there are none, or where
    they may be rows or its header."""
    end = 0
    while found := HASH.match(lines, end):
        end = found.end()
    front, rest = lines[:end], lines[end:].split("\n", 1)[0]
    if "#" not in front or not rest.strip():
        return ""
    wanted = [column for column in wanted if not column.isdecimal()]  # a number may be a value
    every = [line for line in front.splitlines() if line.strip()]
    if any(set(names(line.lstrip("# "))) & set(wanted) for line in every):
        return ""
    fields = len(names(rest))
    sure = bool(set(names(rest)) & set(wanted)) or all(len(names(line)) != fields for line in every)
    return front if sure else ""


def names(line: str) -> list[str]:
    """Of columns, whatever stands between them."""
    return [part.strip("\"' \r") for part in SIGNS.split(line)]


def hint(lines: str, wanted: Sequence[str]) -> str:
    """What stands in front of the table, and what to do; '' where nothing seems to. wanted: columns that the settings
    name."""
    head = lines.split("\n")[:LOOK_LINES]
    if kind := next((words for pattern, words in KINDS if pattern.search("\n".join(head))), ""):
        return f". {kind}"
    least = min(2, len(set(wanted)))
    named = (number for number, line in enumerate(head, 1) if len(set(names(line)) & set(wanted)) >= least)
    line = next(named, 1)
    if line > 1:
        return f". Line {line} names columns; leave out what stands before it, for example with: tail -n +{line}"
    first = next((line.strip() for line in head if line.strip()), "")
    if COMMENT.match(first):
        return (
            f". Its first line, {first[:60]!r}, is none of a table: leave out such lines, for example with: tail -n +2"
        )
    return ""
