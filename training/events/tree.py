"""A folder and all that lies below it, while others may write there."""

import os
from collections.abc import Iterator

from index.errors import EventsError


def walk(folder: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """As os.walk: (folder, names of its folders, of its files), links to folders not followed. One that goes while it
    is walked is passed over. Raises EventsError for one that may not be read: its events would be missing."""
    return os.walk(folder, onerror=_stop)


def _stop(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise EventsError(f"{error.filename}: this folder cannot be read ({error.strerror})") from error
