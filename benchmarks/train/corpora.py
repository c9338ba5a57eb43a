"""What the trainers are measured on: a real log, and generated sessions of any size.

The generated world: items lie on rings of 200, their cluster. A session begins at a popular item and stays about it:
half of what follows is near it on the ring, the rest popular items of the ring or of a ring beside it, and accidents.
Now and then the session moves on to what it has just found. So popularity says little, the cluster more, the place on
the ring most, and it takes the longest to learn; a session's earlier items tell where it is better than the last alone.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numba as nb
import numpy as np
from numpy.typing import NDArray

from benchmarks.real import config_of, sessions_of
from training.corpus import Corpus
from training.evaluation.split import HeldOut, Prefixes, sample_prefixes, split_test, split_validation
from training.trainers.sgns.noise import below, uniform

SIZES = {"20k": (20_000, 2_000_000), "100k": (100_000, 10_000_000), "1m": (1_000_000, 100_000_000)}  # items, tokens
NAMES = ("nowplaying", *SIZES)
HELD_OUT = 5_000  # sessions
PREFIXES = 5_000

CLUSTER = 200  # items
NEAR, INSIDE, BESIDE = 0.5, 0.23, 0.13  # shares of the moves; the rest are accidents
MOVES_ON = 0.3  # how often what was found, unless by accident, is where the session goes on from
REACH = 8  # places on the ring that a step may go
HEAD, CLUSTER_HEAD, NEXT = 20.0, 2.0, 2.0  # the larger, the less the most popular, or the nearest, are ahead of others
BLOCK = 50_000  # sessions of one call of the kernel

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class World:
    """Sessions to train on, and sessions of the same kind to measure on, over one vocabulary."""

    name: str
    train: Corpus
    held_out: HeldOut

    def prefixes(self, limit: int = PREFIXES, seed: int = 1) -> Prefixes:
        return sample_prefixes(self.held_out, limit, np.random.default_rng(seed))


def world(name: str, folder: Path, shrink: int = 1) -> World:
    """From `folder`, made there when it is not yet. shrink: how many times smaller than it should be, for a trial."""
    place = folder / (name if shrink == 1 else f"{name}-{shrink}")
    if not (place / "done").exists():
        place.mkdir(parents=True, exist_ok=True)
        save(generated(name, shrink) if name in SIZES else nowplaying(), place)
    return load(name, place)


def save(made: World, place: Path) -> None:
    for part, corpus in (("train", made.train), ("held", made.held_out.corpus)):
        np.save(place / f"{part}_tokens.npy", corpus.tokens)
        np.save(place / f"{part}_offsets.npy", corpus.offsets)
    np.save(place / "first_target.npy", made.held_out.first_target)
    (place / "done").write_text(str(made.train.items))


def load(name: str, place: Path) -> World:
    items = int((place / "done").read_text())
    train, held = (
        _corpus(np.load(place / f"{part}_tokens.npy"), np.load(place / f"{part}_offsets.npy"), items)
        for part in ("train", "held")
    )
    return World(name, train, HeldOut(held, np.load(place / "first_target.npy")))


def _corpus(tokens: Ints, offsets: NDArray[np.int64], items: int) -> Corpus:
    """Sessions a second apart: when they were, no trainer asks."""
    starts = np.arange(len(offsets) - 1, dtype=np.int64) * 1_000_000
    return Corpus(tokens, offsets, starts, starts, items)


def nowplaying() -> World:
    """The real log without its test part; the validation part is cut from the end of the rest."""
    config = config_of("nowplaying")
    split = split_validation(split_test(*sessions_of(config), config), config)
    return World("nowplaying", split.train, split.held_out)


def generated(name: str, shrink: int = 1, seed: int = 1) -> World:
    """Rows by falling frequency, as the product numbers them."""
    items, tokens = (size // shrink for size in SIZES[name])
    items = max(CLUSTER * 5, items - items % CLUSTER)
    rng = np.random.default_rng(seed)
    clusters = rng.permutation(items).astype(np.int32).reshape(-1, CLUSTER)
    place = np.empty(items, np.int32)
    place[clusters.ravel()] = np.arange(items, dtype=np.int32)
    rooms = (clusters.ravel(), place, np.sort(clusters, axis=1).ravel())  # an item's number is its rank by popularity
    train_tokens, train_offsets = _sessions(_lengths(tokens, rng), rooms, seed)
    held_tokens, held_offsets = _sessions(_lengths(HELD_OUT * 20, rng)[:HELD_OUT], rooms, seed + 1)
    row = np.empty(items, np.int32)
    row[np.argsort(-np.bincount(train_tokens, minlength=items), kind="stable")] = np.arange(items, dtype=np.int32)
    train = _corpus(row[train_tokens], train_offsets, items)
    held = _corpus(row[held_tokens], held_offsets, items)
    return World(name, train, HeldOut(held, np.ones(len(held), dtype=np.int64)))


def _lengths(tokens: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Of sessions that together have so many tokens, at least; about 10 on average."""
    lengths = np.clip(rng.lognormal(np.log(8), 0.7, tokens // 7 + 100), 2, 200).astype(np.int64)
    return lengths[: int(np.searchsorted(np.cumsum(lengths), tokens)) + 1]


def _sessions(lengths: NDArray[np.int64], rooms: tuple[Ints, Ints, Ints], seed: int) -> tuple[Ints, NDArray[np.int64]]:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    tokens = np.empty(offsets[-1], np.int32)

    def one(begin: int) -> None:
        state = np.random.SeedSequence([seed, begin]).generate_state(1, np.uint64) | np.uint64(1)
        _walk(tokens, offsets, begin, min(begin + BLOCK, len(lengths)), *rooms, state)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(0, len(lengths), BLOCK)))
    return tokens, offsets


@nb.njit(cache=True, nogil=True)
def _walk(tokens, offsets, begin, end, ring, place, popular, state):  # type: ignore[no-untyped-def]
    """ring: the item at each place, cluster after cluster. place: of each item. popular: each cluster's items, the most
    popular first."""
    items = ring.size
    for s in range(begin, end):
        at = _draw(state, items, HEAD)
        tokens[offsets[s]] = at
        for t in range(offsets[s] + 1, offsets[s + 1]):
            first = place[at] - place[at] % CLUSTER  # of the cluster
            move, accident = uniform(state), False
            if move < NEAR:
                # Of two, the more popular.
                found = min(_near(state, at, first, ring, place), _near(state, at, first, ring, place))
            elif move < NEAR + INSIDE:
                found = popular[first + _draw(state, CLUSTER, CLUSTER_HEAD)]
            elif move < NEAR + INSIDE + BESIDE:
                other = first + CLUSTER if below(state, 2) else first + items - CLUSTER
                found = popular[other % items + _draw(state, CLUSTER, CLUSTER_HEAD)]
            else:
                found, accident = _draw(state, items, HEAD), True
            if found == tokens[t - 1]:  # nothing is repeated at once
                found = ring[first + (place[at] - first + 1) % CLUSTER]
                found = found if found != tokens[t - 1] else at
            tokens[t] = found
            if not accident and uniform(state) < MOVES_ON:
                at = found


@nb.njit(cache=True, nogil=True)
def _near(state, at, first, ring, place):  # type: ignore[no-untyped-def]
    step = 1 + _draw(state, REACH, NEXT)
    step = step if below(state, 2) else CLUSTER - step
    return ring[first + (place[at] - first + step) % CLUSTER]


@nb.njit(cache=True, nogil=True)
def _draw(state, size, head):  # type: ignore[no-untyped-def]
    """A rank from 0 to size - 1, r about as often as 1 / (r + head)."""
    rank = head * ((size + head) / head) ** float(uniform(state)) - head
    return np.int32(min(rank, size - 1))
