"""A user's stored events as a session: what they say of interest, and what they say against it."""

from collections.abc import Collection, Sequence

from app.answers.question import LiveSession
from store.event import EventRow

DAY = 86_400_000_000  # microseconds


def session_of(
    events: Sequence[EventRow], dislike_types: Collection[str], half_life_days: float = 0.0, exclude_seen: bool = True
) -> LiveSession:
    """events: oldest first. An item whose newest event is of one of the types is `disliked` and no part of the session;
    an older such event of an item that was liked later is passed over.

    half_life_days: an event counts half as much for each so many days that it is older than the newest; 0: by its
    place in the session, as the model was trained. The newest event is the measure, and not the clock: the same events
    give the same answer.
    """
    newest = {event.item_id: event.event_type in dislike_types for event in events}
    liked = [event for event in events if not newest[event.item_id] and event.event_type not in dislike_types]
    weights = None
    if half_life_days > 0 and liked:
        last = max(event.time for event in liked)
        weights = [0.5 ** ((last - event.time) / (half_life_days * DAY)) for event in liked]
    return LiveSession(
        items=[event.item_id for event in liked],
        weights=weights,
        disliked=[item for item, against in newest.items() if against],
        exclude_seen=exclude_seen,
        timed=weights is not None,
    )
