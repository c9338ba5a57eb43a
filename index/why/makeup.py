"""What the items' vectors are made of: of an item's own vector and of those of its attributes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.artifact.directory import Artifact, ArtifactWriter
from index.errors import ArtifactCorrupt

ARRAYS = ("begins", "values", "weights", "vectors")


@dataclass(frozen=True)
class Attribute:
    """A column. values: what each is called. bounds: of numbers that were cut into quantiles, ascending: value v holds
    those from bounds[v - 1] on and below bounds[v]; None of texts, and of few different numbers."""

    name: str
    values: tuple[str, ...]
    bounds: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Share:
    """A part of an item's vector. attribute: None for the item's own. values: the item's in it. share: 0 to 1."""

    attribute: str | None
    values: tuple[str, ...]
    share: float


@dataclass(frozen=True, eq=False)
class Makeup:
    """Values are numbered over all attributes, one behind the other. Those of item i in attribute a are
    values[begins[i * attributes + a]:begins[i * attributes + a + 1]]; its input vector is a mean of its own, with
    weights[i, 0], and with weights[i, 1 + a] of the mean of their vectors.

    begins: int64. values: int32. weights: float32 (items, 1 + attributes). vectors: float32 (values, d).
    """

    attributes: tuple[Attribute, ...]
    begins: NDArray[np.int64]
    values: NDArray[np.int32]
    weights: NDArray[np.float32]
    vectors: NDArray[np.float32]

    def of(self, row: int) -> tuple[Share, ...]:
        """The item's own part first, then the attributes that it has."""
        first, found = 0, [Share(None, (), float(self.weights[row, 0]))]
        for place, attribute in enumerate(self.attributes):
            at = row * len(self.attributes) + place
            values = self.values[self.begins[at] : self.begins[at + 1]]
            if len(values):
                names = tuple(attribute.values[value - first] for value in values.tolist())
                found.append(Share(attribute.name, names, float(self.weights[row, 1 + place])))
            first += len(attribute.values)
        return tuple(found)


def sentence(whose: str, shares: tuple[Share, ...]) -> str:
    """In words. whose: "The first's"."""
    if not shares:
        return f"{whose} vector is all its own: the model was trained without objective.attributes."
    told = [part for part in shares if part.attribute and part.share > 0]
    if not told:
        why = "attributes made none better on this log" if len(shares) > 1 else "it has none of the attributes"
        return f"{whose} vector is all its own: {why}."
    parts = [f"{_percent(part.share)} {part.attribute} ({', '.join(part.values)})" for part in told]
    own = next(part.share for part in shares if part.attribute is None)
    return f"{whose} vector is {', '.join([f'{_percent(own)} its own', *parts])}."


def _percent(share: float) -> str:
    return "less than 1 %" if 0 < share < 0.01 else f"{math.floor(100 * share + 0.5)} %"


def write_makeup(writer: ArtifactWriter, makeup: Makeup) -> None:
    columns = [{"name": a.name, "values": a.values, "bounds": a.bounds} for a in makeup.attributes]
    writer.json("attributes", {"columns": columns})
    for name in ARRAYS:
        writer.array(f"attributes_{name}", getattr(makeup, name))


def read_makeup(artifact: Artifact, items: int) -> Makeup | None:
    """None in artifacts without. Raises ArtifactCorrupt for arrays that do not belong together."""
    if not artifact.has("attributes.json"):
        return None
    columns = artifact.json("attributes")["columns"]
    bounds = [None if c["bounds"] is None else tuple(c["bounds"]) for c in columns]
    attributes = tuple(Attribute(c["name"], tuple(c["values"]), b) for c, b in zip(columns, bounds, strict=True))
    makeup = Makeup(attributes, *(artifact.array(f"attributes_{name}") for name in ARRAYS))
    size = sum(len(attribute.values) for attribute in attributes)
    shapes = makeup.begins.shape, makeup.weights.shape, makeup.vectors.shape[:1]
    if shapes != ((items * len(attributes) + 1,), (items, 1 + len(attributes)), (size,)):
        raise ArtifactCorrupt(
            f"is of other items or attributes than the {items} and {len(attributes)} of the model: train again",
            artifact.path("attributes_weights.npy"),
        )
    return makeup
