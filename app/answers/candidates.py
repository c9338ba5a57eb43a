"""Candidates and what a user did -> the reply of POST /rank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from app.answers import rendering
from app.answers.question import model_of
from app.live.fragments import fragment
from app.live.view import View
from index.artifact import signals
from index.ranking.rank import SIMILARITIES, Event, rank


@dataclass(frozen=True)
class Wanted:
    """done: oldest first, by the names of `ACTIONS`. since: epoch seconds."""

    candidates: Sequence[str]
    done: Mapping[str, Sequence[Event]]
    weights: Mapping[str, float]
    since: float


def segment_of(view: View, asked: str | None, service: str | None) -> str | None:
    """The field that segments are made of: the request's, else the service's, else the model's; None, or empty in the
    request: none. Raises FieldUnknown for one that the request names and no item has."""
    if asked is None:
        return service or signals.segment_of(model_of(view).manifest.config)
    if asked:
        view.check_field(asked, "body.segment")
    return asked or None


def ranked_bytes(view: View, wanted: Wanted, segment: str | None) -> bytes:
    """Raises NoModel."""
    model = model_of(view)
    found = rank(
        model.vocabulary,
        model.vectors,
        wanted.candidates,
        wanted.done,
        wanted.weights,
        None if segment is None else partial(view.values, segment),
        wanted.since,
    )
    head = {"model_version": view.version, "unknown": found.unknown, "old": found.old, "segment": segment}
    lines = zip(found.candidates, found.scores, found.values, strict=True)
    items = b",".join([_candidate(view, place, *line) for place, line in enumerate(lines, 1)])
    return b"".join((rendering.json_bytes(head)[:-1], b',"items":[', items, b"]}"))


def _candidate(view: View, place: int, item: str, score: float | None, values: Sequence[float | None]) -> bytes:
    """By hand, from what is rendered of each item already: of 200 items that takes a quarter of the time."""
    assert view.model is not None
    row = view.model.vocabulary.find(item)
    if row is None:
        before, rank, available = fragment(item, *view.title_of(item)), "null", view.visible(item)
    else:
        before, rank, available = view.fragments.kept[row] or view.fragment(row), str(place), view.shows((row,))
    numbers = ["null" if value is None else f"{value:.6f}" for value in (score, *values)]
    return before + (_TEMPLATE % (rank, "true" if available else "false", *numbers)).encode("ascii")


# What stands behind the fragment of an item.
_TEMPLATE = '%s,"available":%s,"score":%s,"similarities":{' + ",".join(f'"{name}":%s' for name in SIMILARITIES) + "}}"
