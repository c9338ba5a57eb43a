"""Types as an artifact has them; artifacts without them have none of these files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.directory import Artifact, ArtifactWriter
from index.types.buckets import Buckets
from index.types.types import Kinds, Pairs, Types, Weights

Content = dict[str, Any]
Arrays = dict[str, NDArray[Any]]
NAME = "types"


def packed(types: Types) -> tuple[Content, Arrays]:
    """(what goes into JSON, arrays by name)."""
    sides = {"items": types.items} | ({} if types.users is None else {"users": types.users})
    content: Content = {
        name: {"columns": side.buckets.columns, "edges": side.buckets.edges, "labels": list(side.labels)}
        for name, side in sides.items()
    }
    content |= {"sharpness": types.weights.sharpness, "prior": types.weights.prior}
    arrays: Arrays = {f"{NAME}_rows": types.rows}
    for name, side in sides.items():
        arrays |= {f"{NAME}_{name}_vectors": side.vectors, f"{NAME}_{name}_counts": side.counts}
    if types.pairs is not None:
        arrays |= {f"{NAME}_pairs_{name}": values for name, values in vars(types.pairs).items()}
    return content, arrays


def unpacked(content: Content, arrays: Arrays) -> Types:
    def side(name: str) -> Kinds:
        found = content[name]
        edges = tuple(None if each is None else tuple(each) for each in found["edges"])
        buckets = Buckets(tuple(found["columns"]), edges)
        return Kinds(buckets, found["labels"], arrays[f"{NAME}_{name}_vectors"], arrays[f"{NAME}_{name}_counts"])

    users = "users" in content
    return Types(
        items=side("items"),
        rows=arrays[f"{NAME}_rows"],
        users=side("users") if users else None,
        pairs=Pairs(*(arrays[f"{NAME}_pairs_{name}"] for name in ("offsets", "items", "counts"))) if users else None,
        weights=Weights(content["sharpness"], content["prior"]),
    )


def write_types(writer: ArtifactWriter, types: Types) -> None:
    content, arrays = packed(types)
    writer.json(NAME, content)
    for name, values in arrays.items():
        writer.array(name, values)


def read_types(artifact: Artifact) -> Types | None:
    """None of an artifact without. Raises ArtifactCorrupt."""
    if not artifact.has(f"{NAME}.json"):
        return None
    files = [file for file in artifact.manifest.files if file.startswith(f"{NAME}_")]
    return unpacked(artifact.json(NAME), {file.removesuffix(".npy"): artifact.array(file[:-4]) for file in files})


def faults(types: Types, items: int) -> list[tuple[str, str]]:
    """(file, what is wrong) of files that may be whole and hold what no types can be. items: of the vocabulary."""
    found: list[tuple[str, str]] = []
    for name, side in (("items", types.items), ("users", types.users)):
        if side is None:
            continue
        if side.vectors.ndim != 2 or len(side.vectors) != len(side) or side.vectors.dtype != np.float32:
            found.append((f"{NAME}_{name}_vectors", f"is not of {len(side)} types"))
        elif not np.isfinite(side.vectors).all() or side.vectors.shape[1] != types.items.vectors.shape[-1]:
            found.append((f"{NAME}_{name}_vectors", "holds numbers that are not finite, or of another space"))
        if side.counts.shape != (len(side),) or (side.counts < 0).any():
            found.append((f"{NAME}_{name}_counts", f"is not of {len(side)} types"))
    if types.rows.shape != (items,) or ((types.rows < -1) | (types.rows >= len(types.items))).any():
        found.append((f"{NAME}_rows", "is not a type for each item"))
    pairs, users = types.pairs, types.users
    if pairs is not None and users is not None:
        ends = pairs.offsets.shape == (len(users) + 1,) and pairs.items.shape == pairs.counts.shape
        if not ends or pairs.offsets[0] != 0 or pairs.offsets[-1] != len(pairs.items):
            found.append((f"{NAME}_pairs_offsets", "is not a list for each type"))
        elif (np.diff(pairs.offsets) < 0).any() or ((pairs.items < 0) | (pairs.items >= len(types.items))).any():
            found.append((f"{NAME}_pairs_items", "names types that are not there"))
    return found
