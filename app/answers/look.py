"""What the explorer draws: the map in bytes, names for its points, and vectors as small numbers."""

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.answers.question import model_of
from app.answers.rendering import json_bytes
from app.live.view import View
from index.errors import NoMap
from index.explorer.itemmap import ItemMap
from index.model import Model

CATEGORIES = 254  # that points can have: the most frequent
HIDDEN = 255  # in place of a category: not to be drawn
LEVELS = 127  # of a number of a vector, on either side of 0
FAR = 0.999  # of the numbers lie within the scale; those beyond are cut


def map_of(model: Model) -> ItemMap:
    """Raises NoMap."""
    if model.map is None:
        raise NoMap(f"version {model.manifest.version} has no map; the next training makes one")
    return model.map


def map_bytes(view: View) -> bytes:
    """Raises NoModel, NoMap."""
    model = model_of(view)
    found = map_of(model)
    return json_bytes(
        {
            "model_version": view.version,
            "items": len(model.vocabulary),
            "kept": found.kept,
            "view": found.view,
            "regions": [vars(region) for region in found.regions],
            "categories": categories_of(model),
            "points": f"/map/{view.version}/points",
            "began_with": found.began_with,
        }
    )


def categories_of(model: Model) -> list[str]:
    """The most frequent first, as the model's own catalogue has them: what is kept by version must not change."""
    counts: dict[str, int] = {}
    for item in model.vocabulary.ids:
        if (category := model.catalogue.category(item)) is not None:
            counts[category] = counts.get(category, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))[:CATEGORIES]


def points_bytes(model: Model) -> bytes:
    """uint16 x of all items, most frequent first, then uint16 y, both little-endian; then of each a byte: 0 for no
    category, 1 + its place among `categories`, or HIDDEN; then of each a byte: how often it was seen, 255 for the most,
    by the root. Raises NoMap."""
    places = map_of(model).places
    number = {name: place for place, name in enumerate(categories_of(model), 1)}
    category = model.catalogue.category
    kinds = np.array([number.get(category(item) or "", 0) for item in model.vocabulary.ids], dtype=np.uint8)
    kinds[model.hidden] = HIDDEN
    counts = np.sqrt(model.vocabulary.counts.astype(np.float64))
    often = np.rint(counts * 255 / max(counts.max(initial=0), 1)).astype(np.uint8)
    x, y = (np.ascontiguousarray(places[:, side], dtype="<u2") for side in (0, 1))
    return b"".join((x.tobytes(), y.tobytes(), kinds.tobytes(), often.tobytes()))


def names_bytes(view: View, first: int, count: int) -> bytes:
    """Of `count` points from `first` on, ids and titles as they are now; null for an item that is hidden."""
    model = model_of(view)
    ids = model.vocabulary.ids[first : first + count]
    shown = [view.shows((row,)) for row in range(first, first + len(ids))]
    titles = view.values("title", range(first, first + len(ids)))
    return json_bytes(
        {
            "model_version": view.version,
            "ids": [item if there else None for item, there in zip(ids, shown, strict=True)],
            "titles": [title if there else None for title, there in zip(titles, shown, strict=True)],
        }
    )


def vectors_bytes(view: View, item_ids: Sequence[str]) -> bytes:
    """Those of `similar`, each number in a byte: what one sees of two vectors side by side is no finer."""
    model = model_of(view)
    known = [item for item in dict.fromkeys(item_ids) if item in model.vocabulary and view.visible(item)]
    vectors = np.asarray(model.vectors[model.vocabulary.known_rows(known)], dtype=np.float32)
    scale = scale_of(model)
    # By the root: most numbers of a vector are far smaller than its few largest, and would all be 0 or 1.
    roots = np.sign(vectors) * np.sqrt(np.minimum(np.abs(vectors) / scale, 1))
    small = np.rint(roots * LEVELS).astype(np.int8)
    return json_bytes(
        {
            "model_version": view.version,
            "dims": int(model.vectors.shape[1]),
            "scale": scale,
            "vectors": {item: base64.b64encode(row.tobytes()).decode() for item, row in zip(known, small, strict=True)},
            "unknown": sorted(set(item_ids).difference(known)),
        }
    )


def scale_of(model: Model) -> float:
    """One for all items of a model, so that their numbers can be compared: of the first thousand, which are enough."""
    some: NDArray[np.float32] = np.abs(model.vectors[:1000])
    return float(np.quantile(some, FAR)) if some.size and some.any() else 1.0
