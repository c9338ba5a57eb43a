"""Walks on the graph: from each item some, each step drawn in proportion to the weights of the edges."""

from concurrent.futures import ThreadPoolExecutor

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.walks.graph import graph_of

BLOCK = 4096  # items whose walks one call makes


def walks_of(corpus: Corpus, walks: int, length: int, seed: int, threads: int = 2) -> Corpus:
    """`walks` sessions from each item that anything followed, each of at most `length` items; a walk that comes to an
    item which nothing followed ends there. All at the time 0, without weights.

    Drawn by the seed and the key of the item that a walk begins with: the same whatever the threads and the order of
    the rows (Wang et al. 2018, section 3.1, as Perozzi et al. 2014, section 4.2). Memory: 8 bytes for each of items x
    walks x length.
    """
    keys = np.arange(corpus.items, dtype=np.uint64) if corpus.keys is None else corpus.keys
    graph = graph_of(corpus, keys, threads)
    paths = np.full((corpus.items * walks, length), -1, dtype=np.int32)

    def some(begin: int) -> None:
        _walk(graph.offsets, graph.items, graph.reach, keys, np.uint64(seed), walks, begin, paths)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, range(0, corpus.items, BLOCK)))
    lengths = (paths >= 0).sum(axis=1)
    paths, lengths = paths[lengths > 1], lengths[lengths > 1]
    times = np.zeros(len(paths), dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Corpus(paths[paths >= 0], offsets, times, times, corpus.items)


@nb.njit(cache=True, nogil=True)
def mixed(x):  # type: ignore[no-untyped-def]
    """Every bit of the result depends on every bit of x (SplitMix64, Steele et al. 2014, section 5)."""
    x += np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@nb.njit(cache=True, nogil=True)
def _walk(offsets, items, reach, keys, seed, walks, begin, paths):  # type: ignore[no-untyped-def]
    """The walks of the items `begin`, begin + 1, ... into their rows of `paths`."""
    for first in range(begin, min(begin + BLOCK, keys.size)):
        for number in range(walks):
            path = paths[first * walks + number]
            random = mixed(keys[first] ^ mixed(seed ^ mixed(np.uint64(number))))
            item = first
            path[0] = item
            for step in range(1, path.size):
                low, high = offsets[item], offsets[item + 1]
                if low == high:
                    break
                before = reach[low - 1] if low > 0 else np.uint64(0)
                random = mixed(random)
                wanted = before + random % (reach[high - 1] - before)
                while low < high:  # the first edge that reaches beyond it
                    middle = (low + high) // 2
                    if reach[middle] > wanted:
                        high = middle
                    else:
                        low = middle + 1
                item = items[low]
                path[step] = item


def with_walks(corpus: Corpus, walks: Corpus) -> Corpus:
    """The sessions with the walks spread evenly among them, so that neither is learnt last. An event of a walk weighs
    what one of the sessions does in the mean, and is no conversion."""
    if not len(walks):
        return corpus
    size = len(walks.tokens)
    weights = converted = None
    if corpus.weights is not None:
        mean = np.float32(corpus.weights.mean(dtype=np.float64)) if len(corpus.weights) else np.float32(1)
        weights = np.concatenate([corpus.weights, np.full(size, mean, dtype=np.float32)])
    if corpus.converted is not None:
        converted = np.concatenate([corpus.converted, np.zeros(size, dtype=np.bool_)])
    both = Corpus(
        tokens=np.concatenate([corpus.tokens, walks.tokens]),
        offsets=np.concatenate([corpus.offsets, corpus.offsets[-1] + walks.offsets[1:]]),
        starts=np.concatenate([corpus.starts, walks.starts]),
        ends=np.concatenate([corpus.ends, walks.ends]),
        items=corpus.items,
        weights=weights,
        converted=converted,
        keys=corpus.keys,
        dislikes=corpus.dislikes,
    )
    return both.take(_spread(len(corpus), len(walks)))


def _spread(sessions: int, walks: int) -> NDArray[np.int64]:
    """The order of both: sessions are 0 to sessions - 1, walks come after them in number."""
    places = np.concatenate([np.arange(sessions) / max(sessions, 1), (np.arange(walks) + 0.5) / walks])
    return np.argsort(places, kind="stable")
