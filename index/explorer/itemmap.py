"""The map of a model: where each of its items lies in the plane, and the names of regions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.directory import Artifact, ArtifactWriter

SIDE = 65_535  # of the square that all places lie in


@dataclass(frozen=True)
class Region:
    """A name on the map. x, y: of its middle. level: 0 for what is shown first, 1 for what appears as one comes nearer.
    items: how many it stands for."""

    name: str
    x: int
    y: int
    level: int
    items: int


@dataclass(frozen=True)
class ItemMap:
    """places: uint16 (items, 2), x to the right and y upwards. regions: by level, the largest first. kept: of an item's
    ten nearest in the model, the share that is among its ten nearest on the map. view: x0, y0, x1, y1 of the box that
    nearly all items lie in. began_with: the version whose map this one began with."""

    places: NDArray[np.uint16]
    regions: tuple[Region, ...]
    kept: float
    view: tuple[int, int, int, int]
    began_with: str | None = None


def write_map(writer: ArtifactWriter, found: ItemMap) -> None:
    writer.array("map", found.places)
    regions = [vars(region) for region in found.regions]
    facts = {"kept": found.kept, "view": found.view, "began_with": found.began_with, "regions": regions}
    writer.json("map", facts)


def read_map(artifact: Artifact) -> ItemMap | None:
    """None for a model of a release that made no maps. Raises ArtifactCorrupt."""
    if not artifact.has("map.npy"):
        return None
    facts: dict[str, Any] = artifact.json("map")
    regions = tuple(Region(**region) for region in facts["regions"])
    left, low, right, high = facts["view"]
    return ItemMap(artifact.array("map"), regions, facts["kept"], (left, low, right, high), facts["began_with"])
