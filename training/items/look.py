"""The catalogue beside its log: all that is to be judged of it."""

from dataclasses import dataclass

from training.eventsconfig import EventsConfig
from training.items.meeting import Meeting
from training.items.read import Items


@dataclass(frozen=True)
class Look:
    """returnable: items of the log that the catalogue does not hide."""

    config: EventsConfig
    items: Items
    meeting: Meeting
    returnable: int
