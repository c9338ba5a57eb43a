"""What to do about rows that are rejected: the same words for `check` and for a training that stops."""

from collections.abc import Sequence

from training.events.times.facts import unread
from training.events.times.formats import reading

QUOTES = 'Where quotes are characters like any other, as in 19" rack: --quoting none'
REMEDIES = {
    "malformed": "Look at the first row: --delimiter and --encoding say how the file is written",
    "no_user": "Is --user the right column? Where its rows are of people who are not known, name the column of their "
    "session with --session, or take each event for itself with --unknown-users single",
    "no_session": "Is --session the right column? Leave it out where many rows have no session: pauses cut then",
    "no_item": "Is --item the right column? Rows of searches, logins and the like are left out by --event-types",
    "bad_time": "Is --time the right column? --time-format says how times are written, --time-unit what numbers "
    "since 1970 count",
    "bad_dwell": "Is --dwell the right column? It holds seconds: numbers from 0 on such as 2.5, without a unit, with a "
    "point for decimals",
    "bad_weight": "Is --weight the right column? It holds numbers from 0 on such as 1.5, with a point for decimals",
    "wrong_type": "User, session, item and time are texts or numbers, and no objects, lists or truth values",
    "too_long": "Is --item the right column? Its values are too long for ids",
}


def remedy(reason: str, times: Sequence[str] = (), json: bool = False) -> str:
    """Where most of the rejected rows have this reason. times: texts that are no times, as they stand. json: the files
    are JSON lines."""
    if reason == "malformed" and json:
        return "Look at the first row: each line must be a whole JSON object, in UTF-8"
    if not times:
        return REMEDIES[reason]
    formats = reading(times)
    offer = f". It may be {formats}" if formats else ""
    return f"Times like {unread(times)} cannot be read: {REMEDIES[reason]}{offer}"
