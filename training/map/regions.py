"""Names for the regions of a map: the categories where they lie densely, and what titles of a place have in common."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.ndimage import gaussian_filter, maximum_filter

from index.explorer.itemmap import SIDE, Region

GRID = 64  # cells of each side that density is counted in
BLUR = 1.5  # cells
NEAR = 0.12  # of the map's side: what lies so near to a category's densest place is of that place
LEAST_SHARE = 0.25  # of a category that lies at a place, for its name to stand there
LEAST_ITEMS = 5
CATEGORIES = 60  # that are named at most
PLACES = 3  # where one category is named, at most
CLUSTER = 40  # items of a region of the second level, about
CLUSTERS = 400
COMMON = 0.3  # of the titles of a region that must have a part in common
PART = re.compile(r"\s+[-–—]\s+|,\s+|\s*[:|]\s+")
LONGEST = 40  # characters of a name


def regions_of(
    places: NDArray[np.uint16],
    categories: Sequence[str | None],
    titles: Sequence[str],
    counts: NDArray[np.int64],
    seed: int,
) -> tuple[Region, ...]:
    """Both levels. counts: int64 (items,), how often each item was seen."""
    if not len(places):
        return ()
    named = sorted(_categories(places, categories), key=lambda region: -region.items)
    near = sorted(_clusters(places, titles, counts, seed), key=lambda region: -region.items)
    return (*named, *near)


def _categories(places: NDArray[np.uint16], categories: Sequence[str | None]) -> Iterator[Region]:
    rows: dict[str, list[int]] = {}
    for row, category in enumerate(categories):
        if category:
            rows.setdefault(category, []).append(row)
    least = max(LEAST_ITEMS, len(places) // 1000)
    often = sorted((name for name in rows if len(rows[name]) >= least), key=lambda name: (-len(rows[name]), name))
    for name in often[:CATEGORIES]:
        own = places[rows[name]].astype(np.float64)
        cells = np.minimum(GRID - 1, own * GRID / (SIDE + 1)).astype(np.int64)
        density = np.zeros((GRID, GRID))
        np.add.at(density, (cells[:, 0], cells[:, 1]), 1)
        density = gaussian_filter(density, BLUR, mode="constant")
        peaks = np.argwhere((density == maximum_filter(density, int(NEAR * 2 * GRID))) & (density > 0))
        peaks = peaks[np.argsort(-density[tuple(peaks.T)], kind="stable")][:PLACES]
        for peak in peaks:
            middle = (peak + 0.5) * (SIDE + 1) / GRID
            inside = own[np.hypot(*(own - middle).T) < NEAR * SIDE]
            if len(inside) >= max(LEAST_ITEMS, LEAST_SHARE * len(own)):
                x, y = np.median(inside, axis=0).astype(int).tolist()
                yield Region(name[:LONGEST], x, y, 0, len(inside))


def _clusters(
    places: NDArray[np.uint16], titles: Sequence[str], counts: NDArray[np.int64], seed: int
) -> Iterator[Region]:
    """Places close together, by k-means, under what their titles have in common: the part of a title that is more
    frequent here than elsewhere; without one, the title that was seen most often."""
    number = min(CLUSTERS, len(places) // CLUSTER)
    if number < 2:
        return
    parts = [set(_parts(title)) for title in titles]
    everywhere = Counter(part for some in parts for part in some)
    _, cluster = kmeans2(places.astype(np.float64), number, minit="++", seed=np.random.default_rng(seed))
    order = np.argsort(cluster, kind="stable")
    edges = np.searchsorted(cluster[order], np.arange(number + 1))
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows = order[begin:end].tolist()
        if len(rows) < LEAST_ITEMS:
            continue
        here = Counter(part for row in rows for part in parts[row])
        telling = {
            part: count / len(rows) * math.log(len(places) / everywhere[part])
            for part, count in here.items()
            if count >= max(2, COMMON * len(rows))
        }
        best = min(telling, key=lambda part: (-telling[part], part), default=None)
        name = titles[max(rows, key=lambda row: (counts[row], -row))] if best is None else best
        x, y = np.median(places[rows], axis=0).astype(int).tolist()
        yield Region(name[:LONGEST], x, y, 1, len(rows))


def _parts(title: str) -> list[str]:
    """What a title is put together from: artist and song, flat and quarter."""
    found = [part.strip() for part in PART.split(title)]
    return [part for part in found if len(part) > 2 and not part.isdigit()]
