"""The map of a model, made when it is published, beginning with the map of the model before it."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from index.catalogue.catalogue import Catalogue
from index.explorer.itemmap import SIDE, ItemMap
from index.parts import Neighbours
from index.search.exact import Floats
from index.vocabulary import Vocabulary
from training.map.graph import NEAREST, Graph, graph_of
from training.map.layout import CURVES, laid_out
from training.map.referee import kept
from training.map.regions import regions_of
from training.map.spread import spread

DISTANCES = (0.45, 0.3, 0.2, 0.1)  # tried in this order
MAY_COST = 0.1  # of the neighbours that are kept without it
TRIAL = 0.2  # of the rounds, to see which curve suits
LANDMARKS = 20_000  # items that a map begins with
AGAIN, GENTLY = 0.2, 0.5  # rounds and steps of a map that begins with an older one, which people know
RIM = 0.5  # per cent of the items on each side that may lie on the rim
MARGIN = 0.05  # of the side
OUTSIDE = 0.02  # of the items that may leave the square of the map before it is drawn to another scale
LEAST_KNOWN = 0.2  # of the items, for the older map to be the beginning
SAMPLE = 100_000  # rows that the first places are worked out from


@dataclass(frozen=True)
class EarlierMap:
    """version: whose map it is. rows: int64 (items of the new model,), the item's row in that version, or -1. places:
    uint16, of that version's items."""

    version: str
    rows: NDArray[np.int64]
    places: NDArray[np.uint16]


def map_of(
    similar: Neighbours,
    vectors: Floats,
    vocabulary: Vocabulary,
    catalogue: Catalogue,
    seed: int,
    threads: int = 2,
    earlier: EarlierMap | None = None,
) -> ItemMap:
    """The same for the same model, seed and earlier map, on any number of threads.

    vectors: float32 (items, d), what `similar` was searched in. The first places are the two main directions of the
    vectors; with an earlier map that knows enough of the items, those of that map, and the new map is turned onto it:
    who knows the old one finds everything where it was, or near.
    """
    graph = graph_of(similar)
    if earlier is not None and (earlier.rows >= 0).mean() < LEAST_KNOWN:
        earlier = None
    known = np.zeros(len(vectors), np.bool_) if earlier is None else earlier.rows >= 0
    draw = partial(laid_out, graph, seed=seed, threads=threads)
    if earlier is not None:
        old = np.zeros((len(vectors), 2), np.float32)
        old[known] = earlier.places[earlier.rows[known]]
        start = among_neighbours(graph, old, known)
    elif len(vectors) > LANDMARKS:
        start = _from_landmarks(similar, vectors, graph, seed, threads)
    else:
        start = main_directions(vectors)
    curve = CURVES[0]
    if len(vectors) <= LANDMARKS:
        curve = max(CURVES, key=lambda each: kept(draw(start, curve=each, share=TRIAL), similar, seed))
    if earlier is None and len(vectors) <= LANDMARKS:
        places = draw(start, curve=curve)
    else:
        places = draw(start, curve=curve, share=AGAIN, step=GENTLY)
    places = _spread_out(places, similar, seed, threads)
    whole = _framed(_upright(places)) if earlier is None else _onto(places, known, old[known].astype(np.float64))
    final = np.clip(np.rint(whole), 0, SIDE).astype(np.uint16)
    low, high = np.percentile(final, [1, 99], axis=0).astype(int)
    ids = vocabulary.ids
    titles = [catalogue.title(item) or item for item in ids]
    categories = [catalogue.category(item) for item in ids]
    return ItemMap(
        final,
        regions_of(final, categories, titles, vocabulary.counts, seed),
        round(kept(final.astype(np.float32), similar, seed), 4),
        (int(low[0]), int(low[1]), int(high[0]), int(high[1])),
        None if earlier is None else earlier.version,
    )


def main_directions(vectors: Floats) -> NDArray[np.float32]:
    """float32 (items, 2): along the two directions in which the vectors differ most, each signed so that its largest
    part is positive."""
    some = np.asarray(vectors[:: max(1, len(vectors) // SAMPLE)], dtype=np.float64)
    mean = some.mean(axis=0)
    _, directions = np.linalg.eigh((some - mean).T @ (some - mean))
    two = directions[:, :-3:-1]
    two = two * np.sign(two[np.abs(two).argmax(axis=0), np.arange(two.shape[1])])
    found = np.zeros((len(vectors), 2), np.float32)
    found[:, : two.shape[1]] = (vectors - mean.astype(np.float32)) @ two.astype(np.float32)
    return found


def _from_landmarks(similar: Neighbours, vectors: Floats, graph: Graph, seed: int, threads: int) -> NDArray[np.float32]:
    """Where the most frequent items would lie alone, and each other one among its neighbours: a map of all from nothing
    would take longer than the training."""
    rows = similar.rows[:LANDMARKS]
    order = np.argsort((rows < 0) | (rows >= LANDMARKS), axis=1, kind="stable")[:, :NEAREST]
    some = np.take_along_axis(rows, order, axis=1)
    some = np.where(some < LANDMARKS, some, -1)
    scores = np.take_along_axis(similar.scores[:LANDMARKS], order, axis=1)
    first = laid_out(graph_of(Neighbours(some, scores)), main_directions(vectors[:LANDMARKS]), seed, threads)
    places = np.zeros((len(vectors), 2), np.float32)
    places[:LANDMARKS] = first
    return among_neighbours(graph, places, np.arange(len(vectors)) < LANDMARKS)


def among_neighbours(graph: Graph, places: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """places of the known items, and for each other one the mean of its neighbours that have a place, by their
    strengths; in the middle of all, where none has."""
    count = len(known)
    edges = sparse.csr_matrix((graph.strengths, graph.items, graph.offsets), shape=(count, count))
    found, placed = np.where(known[:, None], places, 0).astype(np.float64), known.copy()
    for _ in range(2):  # the second time, neighbours of those that were placed at first
        weights = edges @ placed.astype(np.float64)
        new = ~placed & (weights > 0)
        found[new] = (edges @ (found * placed[:, None]))[new] / weights[new, None]
        placed |= new
    found[~placed] = np.median(places[known], axis=0)
    return found.astype(np.float32)


def _spread_out(places: NDArray[np.float32], similar: Neighbours, seed: int, threads: int) -> NDArray[np.float32]:
    """As far apart as costs few neighbours."""
    least = kept(places, similar, seed) * (1 - MAY_COST)
    for distance in DISTANCES:
        found = spread(places, distance, threads)
        if kept(found, similar, seed) >= least:
            return found
    return places


def _upright(places: NDArray[np.float32]) -> NDArray[np.float64]:
    """Its longest direction along the screen; the most frequent item to the right, above."""
    centred = (places - places.mean(axis=0)).astype(np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)
    turned = centred @ directions[:, ::-1]
    return np.asarray(turned * np.where(turned[:1] < 0, -1, 1))


def _framed(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Within the square; a few that lie far out come to its rim, or they would shrink all others."""
    low, high = np.percentile(places, [RIM, 100 - RIM], axis=0)
    side = max(float((high - low).max()), 1e-9) * (1 + 2 * MARGIN)
    return np.asarray((places - (low + high) / 2) / side * SIDE + SIDE / 2)


def _onto(places: NDArray[np.float32], known: NDArray[np.bool_], old: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turned, mirrored, moved and scaled so that the known items lie nearest to where they were (Schoenemann 1966)."""
    new = places.astype(np.float64)
    middle, old_middle = new[known].mean(axis=0), old.mean(axis=0)
    left, sizes, right = np.linalg.svd((new[known] - middle).T @ (old - old_middle))
    scale = sizes.sum() / max(float(((new[known] - middle) ** 2).sum()), 1e-12)
    found: NDArray[np.float64] = (new - middle) @ (left @ right) * scale + old_middle
    outside = ((found < 0) | (found > SIDE)).any(axis=1).mean()
    return _framed(found) if outside > OUTSIDE else found
