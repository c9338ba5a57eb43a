"""A value of an item's metadata: what JSON can hold of it, its elements, and how it is written."""

import base64
import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """What JSON can hold: lists stay lists and decimals numbers, times become ISO 8601, other types text. None for what
    holds nothing: NaN, infinity, an empty list."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Decimal):
        return (int(value) if value == value.to_integral_value() else float(value)) if value.is_finite() else None
    if isinstance(value, (dt.date, dt.time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_element(found) for element in value if (found := plain(element)) is not None] or None
    if isinstance(value, Mapping):
        return json.dumps({str(name): plain(part) for name, part in value.items()}, ensure_ascii=False)
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return base64.b64encode(value).decode("ascii")
    return str(value)


def _element(value: Any) -> Any:
    """Lists are flat: one within another is text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def elements(value: Any) -> list[Any]:
    """Those of a list; of any other value itself, of None nothing."""
    return [] if value is None else value if isinstance(value, list) else [value]


def first_text(value: Any) -> str | None:
    """As text, of a list its first element: the title or the category, where an item has several."""
    return next((str(element) for element in elements(value)), None)


def text_of(value: Any) -> str | None:
    """As it is compared: 5.0 is "5" as 5 is, None is nothing, a list is as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return None if value is None else str(value)


def texts_of(value: Any) -> list[str]:
    """Of a list the texts of its elements, of any other value its own."""
    return [text for element in elements(value) if (text := text_of(element)) is not None]
