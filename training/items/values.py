"""What a text in the catalogue stands for: whether an item is available, and lists that a file writes as text."""

import ast
import json
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from training.items.meeting import without_blanks

YES = {"true", "t", "yes", "y", "1", "on", "available", "in stock", "instock", "active", "preorder", "backorder"}
NO = {"false", "f", "no", "n", "0", "off", "unavailable", "not available", "out of stock", "outofstock", "sold out",
      "inactive", "discontinued"}  # fmt: skip
SEPARATORS = "|;,"
LOOK_VALUES = 2000  # by which a column of lists is told
LISTED = 0.1  # share of the values with a separator, from which on a column may be one of lists
AGAIN = 2.0  # and how often each element must occur: genres do, the parts of titles do not
NEVER_SPLIT = ("title", "name", "description", "url")


def available_of(value: Any) -> bool | None:
    """None where it says neither: of what is empty, and of what is unclear. A number is how many there are."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return None if value != value or value < 0 else value > 0
    text = re.sub(r"[\s_\-]+", " ", without_blanks(str(value))).casefold()
    # schema.org writes https://schema.org/InStock.
    text = text.rpartition("/")[2]
    if text in YES or text in NO:
        return text in YES
    return available_of(float(text)) if re.fullmatch(r"\d{1,15}(\.\d*)?", text) else None


def is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def list_of(text: str) -> list[Any] | None:
    """A list as JSON or Python writes it; None for any other text."""
    text = text.strip()
    # Two texts with only blanks between are numpy's way, which Python would read as one text.
    if not (text.startswith("[") and text.endswith("]")) or re.search(r"""(['"])\s+\1""", text):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return found if isinstance(found, list) else None
    return None


def separator_of(values: Iterable[Any]) -> str:
    """What stands between the elements, of a column that is one of lists: "[" for lists as JSON or Python writes them,
    "" where every value is a single element."""
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    if texts and all(list_of(text) is not None for text in texts):
        return "["
    counts = {mark: sum(mark in text for text in texts) for mark in SEPARATORS}
    # Elements hold commas sooner than semicolons, and those sooner than bars.
    return next((mark for mark, count in counts.items() if count > LISTED * max(counts.values())), "")


def is_clear(column: str, values: Iterable[Any]) -> str:
    """The separator of a column that is one of lists beyond doubt; "" of any other."""
    if column.casefold() in NEVER_SPLIT:
        return ""
    texts = list(islice((value for value in values if isinstance(value, str) and value.strip()), LOOK_VALUES))
    if texts and texts[0].lstrip().startswith("[") and all(list_of(text) is not None for text in texts):
        return "["
    several = [text for text in texts if "|" in text]
    if len(several) < 2 or len(several) < LISTED * len(texts):
        return ""
    parts = [part for text in texts for part in text.split("|")]
    if any(part != part.strip() or not part for part in parts):
        return ""
    return "|" if len(parts) >= AGAIN * len(set(parts)) else ""


def split(value: str, separator: str) -> Any:
    """The elements of a text; itself where it is no list after all."""
    if separator == "[":
        found = list_of(value)
        return value if found is None else found
    parts = [part.strip() for part in value.split(separator)] if separator else [value.strip()]
    return [part for part in parts if part]


def split_columns(rows: Sequence[dict[str, Any]], named: Sequence[str], clear: bool) -> dict[str, str]:
    """Splits the texts of the named columns, and with `clear` of those that are lists beyond doubt; which, and by what.
    The rows are changed in place."""
    columns = dict.fromkeys(name for row in rows for name in row)
    found = {}
    for column in columns:
        values = (row.get(column) for row in rows)
        if column in named:
            found[column] = separator_of(values)
        elif clear and (mark := is_clear(column, values)):
            found[column] = mark
    for column, mark in found.items():
        known: dict[str, Any] = {}  # the same few texts stand in many rows
        for row in rows:
            value = row.get(column)
            if isinstance(value, str):
                row[column] = known[value] if value in known else known.setdefault(value, split(value, mark))
    return found
