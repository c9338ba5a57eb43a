"""One row of POST /events: what it may hold, and what is refused and why. What passes here, training accepts too."""

import json

from store.event import (
    MAX_DWELL,
    MAX_ID_BYTES,
    MAX_ID_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MAX_WEIGHT,
    EventRow,
    storable,
)
from store.times.likeness import form_of, likeness
from store.times.numbers import DAY, number_of
from store.times.reading import TimeRule, read_number, read_time

PLAIN = TimeRule()  # what no setting changes: numbers by their size, text without a zone in UTC
TIMES = "give seconds (or ms, us, ns) since 1970, or text such as 2024-03-01T10:00:00Z"
EARLIEST = 365 * DAY  # 1971: below are zeros, and times in a unit that cannot be told

# code -> what was wrong with the row; stable, see docs/errors.md.
ROW_CODES: dict[str, str] = {
    "row_not_object": "the row is not a JSON object",
    "field_unknown": "the row has a field that events do not have",
    "item_missing": "item_id is missing",
    "item_invalid": "item_id is neither text nor a whole number, is blank, too long, or holds what text may not",
    "user_missing": "user_id and session_id are both missing",
    "user_invalid": "the same as item_invalid, of user_id or session_id",
    "time_invalid": "the time is neither a number since 1970 nor a text that is read as a time",
    "time_out_of_range": "the time is before 1971 or more than a day in the future",
    "event_id_invalid": "event_id is not text of 1 to 256 characters",
    "event_type_invalid": "event_type is not text of 1 to 256 characters",
    "weight_invalid": "weight is not a number from 0 to a billion",
    "dwell_invalid": "dwell is not a number of seconds from 0 to 10^12",
    "json_invalid": "the line is not JSON, or not UTF-8",
}

FIELDS = {"event_id", "user_id", "session_id", "item_id", "time", "timestamp", "event_type", "weight", "dwell"}


class RowError(Exception):
    """The row is refused; `code` is one of ROW_CODES. The detail is ASCII, whatever the row held."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def parse(row: object, now: int) -> EventRow:
    """The event that a row of JSON stands for; a null is the same as no field. now: the time where none is given.

    Raises RowError.
    """
    if not isinstance(row, dict):
        raise RowError("row_not_object", "an event is a JSON object with at least item_id and user_id")
    if not row.keys() <= FIELDS:
        unknown = json.dumps(next(name for name in row if name not in FIELDS))
        raise RowError("field_unknown", f"events have no field {_short(unknown)}: leave it out")
    item, user, session = row.get("item_id"), row.get("user_id"), row.get("session_id")
    if item is None:
        raise RowError("item_missing", "item_id is missing")
    if isinstance(user, str) and not user.strip() and session is not None:
        user = None  # a guest, who has a session: as in a file
    if user is None and session is None:
        raise RowError("user_missing", "user_id and session_id are missing: give one of them, or both")
    return EventRow(
        item_id=identifier(item, "item_id", "item_invalid"),
        time=_time(row, now),
        user_id=None if user is None else identifier(user, "user_id", "user_invalid"),
        session_id=None if session is None else identifier(session, "session_id", "user_invalid"),
        event_id=_label(row.get("event_id"), "event_id"),
        event_type=_label(row.get("event_type"), "event_type"),
        weight=_number(row.get("weight"), "weight", MAX_WEIGHT),
        dwell=_number(row.get("dwell"), "dwell", MAX_DWELL),
    )


def identifier(value: object, name: str, code: str) -> str:
    """An id as text: text as it is, a whole number by its digits. Raises RowError with `code`."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise RowError(code, f"{name} must be text or a whole number")
    if not value.strip():
        raise RowError(code, f"{name} is blank")
    if len(value) > MAX_ID_CHARACTERS:
        raise RowError(code, f"{name} has {len(value)} characters: at most {MAX_ID_CHARACTERS}")
    if not storable(value):
        raise RowError(code, f"{name} holds half a surrogate pair or a NUL, which no text may")
    # Only long ids can have too many bytes: a character has at most four.
    if len(value) * 4 > MAX_ID_BYTES and len(value.encode()) > MAX_ID_BYTES:
        raise RowError(code, f"{name} has more than {MAX_ID_BYTES} bytes in UTF-8")
    return value


def _label(value: object, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_CHARACTERS or not storable(value):
        raise RowError(f"{name}_invalid", f"{name} must be text of 1 to {MAX_TEXT_CHARACTERS} characters, without NUL")
    return value


def _number(value: object, name: str, top: float) -> float | None:
    if value is None:
        return None
    # The comparison is false for NaN, and exact for whole numbers that no float can hold.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < top:
        raise RowError(f"{name}_invalid", f"{name} must be a number from 0 to below {top:.0e}")
    return float(value)


def _time(row: dict[str, object], now: int) -> int:
    value = row.get("time")
    if value is None:
        value = row.get("timestamp")
    elif row.get("timestamp") is not None:
        raise RowError("time_invalid", "time and timestamp are the same field: give one of them")
    if value is None:
        return now
    if isinstance(value, str):
        found = read_time(value, PLAIN)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found = 0 if value < 0 else read_number(value, PLAIN)
    else:
        found = None
    if found is None:
        raise RowError("time_invalid", f"the time {_shown(value)} is no time{_like(value)}: {TIMES}")
    if number_like(value):
        raise RowError("time_invalid", f"the time {_shown(value)} is no count since 1970{_like(value)}: {TIMES}")
    if not EARLIEST <= found <= now + DAY:
        raise RowError("time_out_of_range", "the time must be from 1971 to one day from now")
    return found


def number_like(value: object) -> str | None:
    """The form of a number that nobody means as a count since 1970, such as 20240301."""
    number = number_of(value.strip()) if isinstance(value, str) else value
    return form_of(number) if isinstance(number, (int, float)) else None


def _like(value: object) -> str:
    """What it looks like, in brackets."""
    said = likeness(str(value)) if isinstance(value, (str, int, float)) else ""
    return f" ({json.dumps(said)[1:-1]})" if said else ""


def _shown(value: object) -> str:
    return _short(json.dumps(value))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
