"""A question for a list and its answer: what the caller wants, what the visitor did, what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from app.filters.conditions import EVERYTHING, Filter
from app.live.view import View
from app.problems import FIRST_STEP
from index.errors import NoModel
from index.model import Model
from index.ranking.mix import POOL, Mix

Fallback = Literal["popular", "none"]
Shortfall = Literal["filtered", "min_score", "untrained", "catalogue_small", "max_per"]
MOST_K = 500
REQUEST_COST, LIST_COST = 500, 50  # results that are rendered in the time that either takes besides
ONE_KIND = Mix()


@dataclass(frozen=True)
class Ask:
    """What the caller wants of a list. k: from 1 to MOST_K."""

    k: int = 10
    filter: Filter = EVERYTHING
    exclude: tuple[str, ...] = ()
    min_score: float | None = None
    diversity: float = 0.0
    explain: bool = False
    fallback: Fallback = "popular"
    mix: Mix = ONE_KIND

    @cached_property
    def is_plain(self) -> bool:
        """Whether only `k` says what the list is like."""
        return not self.filter.conditions and not self.exclude and self.min_score is None and not self.diversity

    @property
    def pool(self) -> int:
        """Candidates that the list is chosen from."""
        return self.k * POOL if self.diversity or self.mix else self.k

    def cost(self, lists: int = 1) -> int:
        """Of so many lists, in results: their candidates, and what a list and a request take besides."""
        return REQUEST_COST + lists * (LIST_COST + self.pool)


@dataclass(frozen=True, slots=True)
class Found:
    """rows: best first, newcomers behind those of the model. scores: the same length. sources: None where all are of
    the model; else each has its own, and fallback items have no score. reason: why fallback items come, where more is
    known than that they are popular."""

    rows: Sequence[int] = ()
    scores: Sequence[float | None] = ()
    shortfall: Shortfall | None = None
    sources: Sequence[str] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class LiveSession:
    """items: oldest first. weights: the caller's, one per item. timed: they fall with time, see `Question`.
    exclude_last: whether the last item is left out; None: as `exclude_seen` or the model says. user_type: place of the
    user's type in the model, where it is known: asked where none of the items has a vector."""

    items: Sequence[str]
    weights: Sequence[float] | None = None
    disliked: Sequence[str] = ()
    exclude_seen: bool = True
    exclude_last: bool | None = None
    timed: bool = False
    user_type: int | None = None


def model_of(view: View) -> Model:
    """Raises NoModel."""
    if view.model is None:
        raise NoModel(f"no model has been published yet: {FIRST_STEP}")
    return view.model
