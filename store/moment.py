"""Times as people write them, and as the tables have them."""

from datetime import UTC, datetime

from index.errors import RequestError


def iso(micros: int) -> str:
    """ISO 8601 with microseconds. micros: since 1970 UTC."""
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def micros(text: str | None, name: str) -> int | None:
    """Microseconds since 1970 UTC, of a time in ISO 8601; without an offset it is UTC. None of None.

    Raises RequestError, which calls the time by its name.
    """
    if text is None:
        return None
    try:
        # In a URL a plus is a blank, unless it was encoded.
        found = datetime.fromisoformat(text.replace(" ", "+") if text[-6:-5] == " " else text)
        return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1e6)
    except (ValueError, OverflowError) as error:
        raise RequestError(f"{name}: not a time in ISO 8601", [(name, "not a time")]) from error
