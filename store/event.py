"""One event, as it arrives and as it is stored: its fields, and the bounds that the service and training share."""

from dataclasses import dataclass

MAX_ID_CHARACTERS = 1024
# PostgreSQL's indexes take 2,704 bytes a row, and ids are in them: 1,024 characters outside ASCII could be more.
MAX_ID_BYTES = 2048
MAX_TEXT_CHARACTERS = 256
# As training has them: what is beyond is a broken counter, not a weight or a dwell time.
MAX_WEIGHT = 1e9
MAX_DWELL = 1e12

# A number is a time since 1970 in the first unit it is small enough for: seconds till the year 5138, then thousandths.
UNITS = {"s": 10**11, "ms": 10**14, "us": 10**17}  # unit -> the first number that is not of it; beyond are ns


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it is stored. time: microseconds since 1970 UTC. dwell: seconds. One of user and session is given."""

    item_id: str
    time: int
    user_id: str | None = None
    session_id: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    weight: float | None = None
    dwell: float | None = None


def storable(text: str) -> bool:
    """Whether both databases take it: PostgreSQL has no NUL, and half a surrogate pair is no UTF-8."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
