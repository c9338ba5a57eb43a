"""What changed from one model to another: items, neighbours, vectors, figures, settings.

The records are shown over HTTP as they are, so each field is described here and nowhere else.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from index.align import moved as way_of
from index.artifact.manifest import Manifest
from index.model import Model
from index.parts import Neighbours
from index.report import RANKED_TASKS, Figure, Metric, RankedTask

Ids = NDArray[np.int32]

LISTED = 100  # ids of gained and of lost items that are named
DEPTH = 10  # neighbours compared
BINS = 10
FIGURES: tuple[Metric, ...] = ("ndcg@10", "hr@20", "mrr@20")


@dataclass(frozen=True)
class ItemChanges:
    """Which items came and went."""

    before: int = Field(description="items of the earlier model", examples=[31800])
    after: int = Field(description="items of the later model", examples=[32000])
    both: int = Field(examples=[31500])
    gained: int = Field(examples=[500])
    lost: int = Field(examples=[300])
    gained_ids: tuple[str, ...] = Field(description="the first 100, most frequent first", examples=[["t000327"]])
    lost_ids: tuple[str, ...] = Field(description="the first 100, most frequent first", examples=[["h000012"]])


@dataclass(frozen=True)
class Overlap:
    """How many of the ten neighbours stayed, among the items that both models have."""

    items: int = Field(description="items compared", examples=[31500])
    mean: float | None = Field(description="0 to 1; null without items to compare", examples=[0.62])
    histogram: tuple[int, ...] = Field(
        description="items by overlap, ten bins from [0, 0.1) to [0.9, 1]",
        examples=[[10, 40, 300, 900, 2500, 6000, 9000, 8000, 3750, 1000]],
    )


@dataclass(frozen=True)
class Mover:
    """An item whose similar items changed; its neighbours are those that both models have."""

    item_id: str = Field(examples=["t000327"])
    overlap: float = Field(description="share of its ten neighbours that stayed", examples=[0.1])
    gained: tuple[str, ...] = Field(description="neighbours it has now, best first", examples=[["t000180"]])
    lost: tuple[str, ...] = Field(description="neighbours it had before, best first", examples=[["t000911"]])


@dataclass(frozen=True)
class MovedItem:
    """An item whose input vector moved."""

    item_id: str = Field(examples=["t000327"])
    moved: float = Field(description="1 - cosine of its two vectors", examples=[0.41])


@dataclass(frozen=True)
class VectorChanges:
    """How far input vectors moved, once the later model is turned onto the earlier one."""

    items: int = Field(description="items of both models", examples=[31500])
    median: float | None = Field(
        description="1 - cosine: 0 stayed, 1 at a right angle; null where they cannot be compared", examples=[0.06]
    )
    most: tuple[MovedItem, ...] = Field(description="the 20 that moved most, farthest first")
    reason: str | None = Field(
        description="why there is no median", examples=["the earlier model has 64 dims, the later 128"]
    )


@dataclass(frozen=True)
class FigureChange:
    """One figure of both evaluations, each on the test sessions of its own log."""

    task: str = Field(examples=["T2"])
    metric: str = Field(examples=["ndcg@10"])
    before: float = Field(examples=[0.208])
    after: float = Field(examples=[0.214])
    difference: float = Field(description="after - before", examples=[0.006])


@dataclass(frozen=True)
class SettingChange:
    """A setting that differs; null where one of the two does not know it."""

    name: str = Field(description="as in docs/configuration.md", examples=["trainer.dims"])
    before: Any = Field(examples=[64])
    after: Any = Field(examples=[100])


@dataclass(frozen=True)
class ModelDiff:
    """What changed between two models. movers: the least overlap first, among equals the more frequent item."""

    items: ItemChanges
    similar: Overlap
    next: Overlap
    movers: tuple[Mover, ...]
    vectors: VectorChanges
    metrics: tuple[FigureChange, ...]
    settings: tuple[SettingChange, ...]


def diff(before: Model, after: Model, movers: int = 20) -> ModelDiff:
    """What changed, with at most `movers` items whose neighbours changed most, and as many whose vectors did.

    Overlap is counted among the items of both models: neighbours that only one of them knows are left out first, and
    then the ten best of either stored list are compared (fewer where a model stores fewer). Items that came or went are
    in `items`; here they would make every list that they enter look as if the model had changed its mind.
    """
    ids, old_ids = after.vocabulary.ids, before.vocabulary.ids
    place = {item: row for row, item in enumerate(ids)}
    # Both models' rows in terms of the rows of `after`; -1 for what is not in both, and last for the padding's -1.
    moved = np.array([*(place.get(item, -1) for item in old_ids), -1], dtype=np.int32)
    rows_before = np.flatnonzero(moved[:-1] >= 0)
    rows_before = rows_before[np.argsort(moved[rows_before])]
    rows_after = moved[rows_before]
    stayed = np.full(len(ids) + 1, -1, dtype=np.int32)
    stayed[rows_after] = rows_after
    lists = {}
    for score in ("similar", "next"):
        old, new = before.stored[score], after.stored[score]
        depth = min(DEPTH, old.rows.shape[1], new.rows.shape[1])
        lists[score] = _best(old, rows_before, moved, depth), _best(new, rows_after, stayed, depth)
    items = ItemChanges(
        before=len(old_ids),
        after=len(ids),
        both=len(rows_after),
        gained=len(ids) - len(rows_after),
        lost=len(old_ids) - len(rows_after),
        gained_ids=tuple(ids[row] for row in np.flatnonzero(stayed[:-1] < 0)[:LISTED].tolist()),
        lost_ids=tuple(old_ids[row] for row in np.flatnonzero(moved[:-1] < 0)[:LISTED].tolist()),
    )
    return ModelDiff(
        items=items,
        similar=_overlap(*lists["similar"]),
        next=_overlap(*lists["next"]),
        movers=tuple(_movers(*lists["similar"], rows_after, ids, movers)),
        vectors=_vector_changes(before, after, rows_before, rows_after, movers),
        metrics=tuple(_figure_changes(before.manifest, after.manifest)),
        settings=tuple(_setting_changes(before.manifest, after.manifest)),
    )


def main_figures(manifest: Manifest) -> dict[RankedTask, dict[Metric, Figure]]:
    """Of the model itself; without what was not measured."""
    if manifest.metrics is None:
        return {}
    own = {task: manifest.metrics.tasks.row(task) for task in RANKED_TASKS}
    return {task: {name: row.of(name) for name in FIGURES} for task, row in own.items() if row is not None}


def _best(neighbours: Neighbours, rows: NDArray[Any], numbers: Ids, depth: int) -> Ids:
    """The first `depth` neighbours of each row that are in both models, by their row in `after`, padded with -1."""
    best = numbers[neighbours.rows[rows, :depth]]
    short = np.flatnonzero((best < 0).any(axis=1))
    # Only these need the rest of the list: all of it would be 40 MB a model at 100,000 items.
    whole = numbers[neighbours.rows[rows[short]]]
    order = np.argsort(whole < 0, axis=1, kind="stable")[:, :depth]
    best[short] = np.take_along_axis(whole, order, axis=1)
    return best


def _same(old: Ids, new: Ids) -> NDArray[np.bool_]:
    """bool, shape of `old`: which of its neighbours are in the same row of `new`."""
    found = np.zeros(old.shape, dtype=np.bool_)
    for column in new.T:  # ten comparisons of (items, 10) instead of one of (items, 10, 10)
        found |= old == column[:, None]
    return found & (old >= 0)


def _shares(old: Ids, new: Ids) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(neighbours in both lists, neighbours in the longer list), one of each per item."""
    longer = np.maximum((old >= 0).sum(axis=1), (new >= 0).sum(axis=1))
    return _same(old, new).sum(axis=1), longer


def _overlap(old: Ids, new: Ids) -> Overlap:
    same, longer = _shares(old, new)
    same, longer = same[longer > 0], longer[longer > 0]
    # In integers: 3 of 10 belongs to [0.3, 0.4), whatever 0.3 is in binary.
    bins = np.bincount(np.minimum(same * BINS // longer, BINS - 1), minlength=BINS)
    mean = float((same / longer).mean()) if len(same) else None
    return Overlap(len(same), mean, tuple(bins.tolist()))


def _movers(old: Ids, new: Ids, rows: Ids, ids: list[str], most: int) -> Iterator[Mover]:
    same, longer = _shares(old, new)
    changed = np.flatnonzero(same < longer)
    overlap = same[changed] / longer[changed]
    # Stable, and rows are by frequency in `after` already.
    for i in np.argsort(overlap, kind="stable")[:most]:
        at = changed[i]
        lost, gained = old[at][~_same(old[at : at + 1], new[at : at + 1])[0]], new[at]
        gained = gained[~_same(new[at : at + 1], old[at : at + 1])[0]]
        yield Mover(
            ids[rows[at]],
            float(overlap[i]),
            tuple(ids[row] for row in gained.tolist() if row >= 0),
            tuple(ids[row] for row in lost.tolist() if row >= 0),
        )


def _vector_changes(before: Model, after: Model, old: NDArray[Any], new: Ids, most: int) -> VectorChanges:
    """old, new: rows of the items of both models, in the same order."""
    dims, other = before.inputs.shape[1], after.inputs.shape[1]
    reason = None
    if dims != other:
        reason = f"the earlier model has {dims} dims, the later {other}"
    elif len(new) <= dims:
        reason = f"{len(new)} items are in both: up to {dims}, any vectors can be turned onto any others"
    if reason is not None:
        return VectorChanges(len(new), None, (), reason)
    way = way_of(before.inputs[old], after.inputs[new])
    far = np.argsort(-way, kind="stable")[:most]
    found = tuple(MovedItem(after.vocabulary.ids[new[i]], float(way[i])) for i in far)
    return VectorChanges(len(new), float(np.median(way)), found, None)


def _figure_changes(before: Manifest, after: Manifest) -> Iterator[FigureChange]:
    old, new = main_figures(before), main_figures(after)
    for task in sorted(old.keys() & new.keys()):
        for metric in FIGURES:
            a, b = old[task][metric].mean, new[task][metric].mean
            yield FigureChange(task, metric, a, b, b - a)


def _setting_changes(before: Manifest, after: Manifest) -> Iterator[SettingChange]:
    old, new = (_settings(manifest) for manifest in (before, after))
    for name in sorted(old.keys() | new.keys()):
        a, b = old.get(name), new.get(name)
        if a != b:
            yield SettingChange(name, a, b)


def _settings(manifest: Manifest) -> dict[str, Any]:
    """Flat. The recommender's as they serve: those of the configuration are only where the choice started from."""
    return dict(_flat({**manifest.config, "recommender": manifest.recommender}))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
