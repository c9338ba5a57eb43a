"""The body of POST /events -> event rows and rejects: a JSON array, the same in an object, or a line of JSON each."""

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.bodies import jsonbody
from app.bodies.eventrow import RowError, parse
from app.bodies.jsonpieces import TooMany
from app.problems import BodyTooLarge
from index.errors import RequestError
from store.event import EventRow
from store.events import MAX_REJECT_CHARACTERS, Reject

ARRAY_TYPE = "application/json"
LINE_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
TYPES = (ARRAY_TYPE, *LINE_TYPES)


@dataclass(frozen=True)
class Parsed:
    """What may be stored, and what may not; together every row of the request."""

    rows: list[EventRow]
    rejects: list[Reject]


def read(body: bytes, media_type: str, max_events: int, now: int) -> Parsed:
    """Judges every row by itself; now: the time of rows that have none, in microseconds.

    Raises RequestError for a body that is not a list of rows, BodyTooLarge for more than `max_events`. A line that is
    not JSON is a reject like others; a broken array is refused as a whole.
    """
    rows, rejects = [], []
    too_large = BodyTooLarge(f"the request has more than {max_events} events: send it in parts")
    try:
        values = _array(body, max_events) if media_type == ARRAY_TYPE else _lines(body)
    except TooMany:
        raise too_large from None
    for place, value in enumerate(values):
        if place == max_events:
            raise too_large
        try:
            if isinstance(value, _Broken):
                raise RowError("json_invalid", value.reason)
            rows.append(parse(value, now))
        except RowError as error:
            rejects.append(Reject(place, error.code, error.detail, _shown(value)))
    return Parsed(rows, rejects)


@dataclass(frozen=True)
class _Broken:
    """A line that could not be read."""

    line: bytes
    reason: str


def _array(body: bytes, most: int) -> list[Any]:
    value = jsonbody.decode(body, most)
    if isinstance(value, dict):
        if value.keys() != {"events"}:
            raise RequestError('the body must be an array of events, or {"events": [...]} and nothing else')
        value = value["events"]
    if not isinstance(value, list):
        raise RequestError(
            'the body must be an array of events, or {"events": [...]}, or lines of application/x-ndjson'
        )
    return value


def _lines(body: bytes) -> Iterator[Any]:
    for line in io.BytesIO(body.removeprefix(b"\xef\xbb\xbf")):
        sent = line.strip(b" \t\r\n")
        if not sent:
            continue
        try:
            yield jsonbody.parse(sent.decode(), sys.maxsize, "the line")
        except UnicodeDecodeError as error:
            yield _Broken(sent, f"the line is not UTF-8: byte {error.start} cannot be read")
        except RequestError as error:
            yield _Broken(sent, str(error))


def _shown(value: Any) -> str:
    """The row as it was sent, or the beginning of it, as text that every database takes."""
    if isinstance(value, _Broken):
        beginning = value.line[: 4 * MAX_REJECT_CHARACTERS].decode(errors="backslashreplace")
        return beginning.replace("\0", "\\u0000")[:MAX_REJECT_CHARACTERS]
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply to be shown)"
    return text[:MAX_REJECT_CHARACTERS].encode(errors="backslashreplace").decode()[:MAX_REJECT_CHARACTERS]
