"""Immediate repeats: how many there are, how soon they come, and whether they are part of what people do.

A music player sends the same song again because it was played again; a shop sends the same product again because a page
was loaded twice, or because a view was followed by a purchase.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.config import SessionsConfig, TrainConfig
from training.eventsconfig import EventsConfig

# Fewer than this share of the next events: nothing is won by keeping them. More than the other: a machine sends them.
FEW, MOST = 0.02, 0.5
# Twice halved and more: a typical repeat that comes so much sooner than a typical other event is a reload or a slip.
SOONER = 2
PAUSES = 64  # pauses are counted by their bits: 0, 1, 2 to 3, 4 to 7 microseconds, and so on

Kind = Literal["few", "flood", "soon", "real"]


@dataclass(frozen=True)
class Repeats:
    """Of all events that have one before them in their session, by whether they are of the same item.

    pauses: int64, shape (2, PAUSES): events of another item and of the same one, by the bits of the microseconds since
    the event before. kept: whether the repeats stayed.
    """

    pauses: NDArray[np.int64]
    kept: bool = False

    @cached_property
    def next_events(self) -> int:
        return int(self.pauses.sum())

    @cached_property
    def count(self) -> int:
        return int(self.pauses[1].sum())

    @property
    def share(self) -> float:
        """Of the next events; what collapsing takes away of them."""
        return self.count / self.next_events if self.next_events else 0.0

    @property
    def kind(self) -> Kind:
        """few: under 2 % of the next events. flood: over half of them. soon: they typically come within a quarter of
        the time that other events take. real: none of this, so they are part of what people do.

        Where the log has positions for times, all pauses are alike, and nothing is soon.
        """
        if self.share < FEW:
            return "few"
        if self.share > MOST:
            return "flood"
        other, same = (_median(row) for row in self.pauses)
        return "soon" if same <= other - SOONER else "real"


def rules_of(config: TrainConfig) -> SessionsConfig:
    """How the log is cut; in a log of steps `auto` collapses."""
    rules = config.sessions
    if rules.collapse_repeats == "auto" and has_steps(config.events):
        return rules.model_copy(update={"collapse_repeats": True})
    return rules


def has_steps(events: EventsConfig) -> bool:
    """Whether events of several types are read: then a repeat may be another step with the same item."""
    return events.event_type is not None and len(events.event_types) != 1


def total(parts: Iterable[NDArray[np.int64]]) -> Repeats:
    """Of the pauses of all parts of a log."""
    return Repeats(sum(parts, np.zeros((2, PAUSES), dtype=np.int64)))


def _median(counts: NDArray[np.int64]) -> int:
    """The bits of the median pause; 0 without any."""
    return int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) if counts.any() else 0
