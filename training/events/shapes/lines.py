"""A text whose every line is a session: ids, and what stands between them. Gensim calls it LineSentence."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.events.delimited.preamble import comments
from training.events.sql import literal
from training.eventsconfig import EventsConfig

COLUMN = "line"
MOST_BYTES = 1 << 24  # of one line
HEAD_BYTES, LOOK_LINES = 1 << 17, 500
NEVER = "\x01\x02\x01"  # what no line holds, in place of a delimiter
QUOTED = r"""^\s*[\[({].*[\])}]\s*$"""  # a list as Python, JSON or PostgreSQL writes it
BRACKETS = r"^[\[({]|[\])}]$"
# A quoted id goes from one separator to the next, and may hold separators itself. Single quotes count in brackets.
DOUBLE, SINGLE = r'"(?:[^"\\]|\\.|"")*"', r"'(?:[^'\\]|\\.)*'"
WHOLE = re.compile(rf"(?<![^\s,;|>\[({{])(?:{DOUBLE}|{SINGLE})(?![^\s,;|>\])}}])")
ESCAPED = r"""\\(["'\\])"""
# No ids can be taken from a list that was printed and not written whole, nor from one of lists or objects.
ELIDED = r"(?:^|[\[\s,])(?:\.\.\.|\x{2026})(?:[\s,\]]|$)"
NESTED = r"^\s*\[\s*[\[({]"
ONE = "\x1f"  # stands for a separator of several characters
BLANKS = "blanks"
# Whichever is found first in most of the texts; blanks last, since they stand beside the others too.
SIGNS = ("|", ";", "\t", ",", ">")


@dataclass(frozen=True)
class Separator:
    """sign: between two ids; BLANKS for any number of blanks. bracketed: the list is in brackets, ids may be quoted."""

    sign: str
    bracketed: bool = False

    def __str__(self) -> str:
        sign = {BLANKS: "blanks", "\t": "tabs"}.get(self.sign, repr(self.sign))
        return f"{sign} in brackets" if self.bracketed else sign


def scan_lines(common: str) -> str:
    """SQL: a row per line that holds anything, as text."""
    return (
        f"(SELECT * FROM read_csv({common}, auto_detect=false, header=false, columns={{{literal(COLUMN)}: 'VARCHAR'}}, "
        f"delim={literal(NEVER)}, quote='', escape='', max_line_size={MOST_BYTES}) WHERE trim({COLUMN}) <> '')"
    )


def separator_of(texts: Sequence[str]) -> Separator | None:
    """The separator of most of the texts; None where none of them holds two ids."""
    bracketed = sum(bool(re.match(QUOTED, text, re.DOTALL)) for text in texts) > len(texts) / 2
    found: Counter[str] = Counter()
    for text in texts:
        inner = text.strip().strip("[](){}") if bracketed else text.strip()
        if '"' in inner or (bracketed and "'" in inner):
            inner = WHOLE.sub("q", inner)
        found.update(sign for sign in SIGNS if sign in inner)
        found[BLANKS] += bool(re.search(r"\S\s+\S", inner))
    most = max(found.values(), default=0)
    if not most:
        return Separator(",", True) if bracketed else None
    sign = next(sign for sign in (*SIGNS, BLANKS) if found[sign] >= most / 2)
    return Separator(sign, bracketed)


def are_sessions(head: bytes, config: EventsConfig, wanted: Sequence[str]) -> bool:
    """Whether each line is a session, although it is a file of columns where its first line names one that is wanted.

    head: the first bytes, in UTF-8."""
    if config.columns or config.item.isdecimal():  # columns without names in the file
        return False
    text = head.decode("utf-8", "replace")
    first = next(iter(_first_lines(head[len(comments(text, wanted).encode()) :])), "")
    signs = SIGNS if config.delimiter is None else (config.delimiter.replace("\\t", "\t"),)
    return not set(wanted) & {part.strip("\"' ") for sign in signs for part in first.split(sign)}


def of_sessions(head: bytes) -> bool:
    """Whether the lines look like sessions: of different lengths, and the first holds ids that others hold too."""
    texts = _first_lines(head)
    separator = separator_of(texts)
    if separator is None or separator.bracketed:
        return False
    rows = [text.split() if separator.sign == BLANKS else text.split(separator.sign) for text in texts]
    others = {id for row in rows[1:] for id in row}
    known = sum(id in others for id in rows[0])
    return len({len(row) for row in rows}) > 1 and known >= len(rows[0]) / 2


def _first_lines(head: bytes) -> list[str]:
    """The first that hold anything."""
    return [line for line in head.decode("utf-8", "replace").splitlines()[:LOOK_LINES] if line.strip()]


def split_sql(text: str, separator: Separator) -> str:
    """SQL: the ids of a text as a list; an empty text has none. Blanks around an id are not part of it, and neither are
    the quotes of one that is written in quotes."""
    around = {BLANKS: r"\s+", "\t": r" *\t *"}
    pattern = around.get(separator.sign) or rf"\s*{re.escape(separator.sign)}\s*"
    inner = trimmed(text)
    quotes = f"contains({text}, {literal(chr(34))})"
    if separator.bracketed:
        inner = trimmed(f"regexp_replace({inner}, {literal(BRACKETS)}, '', 'g')")
        quotes = f"({quotes} OR contains({text}, {literal(chr(39))}))"
    ids = f"string_split_regex({inner}, {literal(pattern)})"
    return (
        f"CASE WHEN {inner} = '' THEN []::VARCHAR[] WHEN {quotes} THEN {_quoted_sql(inner, separator)} ELSE {ids} END"
    )


def _quoted_sql(inner: str, separator: Separator) -> str:
    """SQL: as `split_sql`, of a text that has quotes."""
    sign = " " if separator.sign == BLANKS else separator.sign
    if len(sign) > 1:
        inner, sign = f"replace({inner}, {literal(sign)}, {literal(ONE)})", ONE
    one, between = (
        (r"\s", r"\s+") if sign == " " else (re.escape(sign), re.escape(sign) + (" *" if sign == "\t" else r"\s*"))
    )
    wholes = [DOUBLE, SINGLE] if separator.bracketed else [DOUBLE]
    parts = "|".join(f"{whole}[^{one}]*" for whole in wholes)
    # With a separator in front of each id, also the first, no match is empty.
    every = f"regexp_extract_all({literal(sign)} || {inner}, {literal(f'{between}({parts}|[^{one}]*)')}, 1)"
    if sign == ONE:
        every = f"list_transform({every}, lambda id: replace(id, {literal(ONE)}, {literal(separator.sign)}))"
    bare = trimmed("id")
    within = f"{bare}[2:-2]"
    double = f"""replace({within}, '""', '"')"""
    whens = f"WHEN regexp_full_match({bare}, {literal(DOUBLE)}) THEN {_plain(double)}"
    if separator.bracketed:
        whens += f" WHEN regexp_full_match({bare}, {literal(SINGLE)}) THEN {_plain(within)}"
    return f"list_transform({every}, lambda id: CASE {whens} ELSE {bare} END)"


def _plain(text: str) -> str:
    return rf"regexp_replace({text}, {literal(ESCAPED)}, '\1', 'g')"


def trimmed(text: str) -> str:
    blanks = literal(" \t\r\n")
    return f"trim({text}, {blanks})"
