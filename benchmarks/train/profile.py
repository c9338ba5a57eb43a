"""Where our trainer's time goes, per token, against what the machine can do.

    python -m benchmarks.train --profile

Nothing is instrumented: seconds of a pass are those of three passes less those of one. Memory is what a pass takes more
than the same sessions over 256 items, which stay in cache. Contexts and noise are the kernel's own steps, called over
rows in the nearest cache as often as the corpus calls them. The rest (drawing noise, walking sessions) is what is left.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numba as nb
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

from benchmarks.train.corpora import world
from benchmarks.train.engines import DIMS, NEGATIVES, WINDOW, sgns_config, warm_up
from training.config import Steps
from training.corpus import Corpus
from training.trainers.sgns.memory import NUMBERS, zeros
from training.trainers.sgns.noise import pool_size
from training.trainers.sgns.rows import Rows
from training.trainers.sgns.steps import CONTEXTS, GROUP, State, attract, contrast
from training.trainers.sgns.train import train
from training.trainers.sgns.vectors import FAST, along, index

TOKENS = 2_000_000  # of a corpus; more only takes longer
CACHED_ITEMS = 256  # two matrices of 128 KB: the second cache
NEAR_ROWS = 32  # 16 KB: the first cache
FAR_ROWS = 1_000_000  # 512 MB: no cache
POOL = pool_size(NEGATIVES)
FLOPS = 6 * DIMS  # of a pair: a dot product and two updates
CALLS = 400_000
AHEAD = 12  # rows asked for in advance, where they are
REPEATS = 3

Float = NDArray[np.float32]
Ints = NDArray[np.int32]


def profile(names: list[str], folder: Path, shrink: int) -> None:
    warm_up()
    limits()
    kernels = attract_seconds(), contrast_seconds()
    for name in names:
        parts(name, shortened(world(name, folder, shrink).train), *kernels)


def shortened(corpus: Corpus) -> Corpus:
    """The first sessions, over the same vocabulary."""
    sessions = int(np.searchsorted(corpus.offsets, TOKENS, side="right")) - 1
    return corpus if sessions >= len(corpus) else corpus.take(np.arange(sessions))


# --- limits of the machine ---


def limits() -> None:
    axpy, axpy_l2 = (axpy_seconds(rows) for rows in (NEAR_ROWS, 512))
    print("### Limits of one core\n\n| what | figure |\n|---|---|")
    for where, seconds in (("in the first cache", axpy), ("in the second cache, 256 KB", axpy_l2)):
        print(
            f"| y += a * x over rows of {DIMS}, {where} | {12 * DIMS / seconds / 1e9:.0f} GB/s, "
            f"{2 * DIMS / seconds / 1e9:.0f} GFLOP/s |"
        )
    for rows in (NEAR_ROWS, 20_000, 60_000, 100_000, FAR_ROWS):
        plain, ahead = (read_seconds(rows, distance) for distance in (0, AHEAD))
        print(
            f"| a random row of 512 bytes read, of {rows:,} ({rows * 512 / 1e6:,.1f} MB) | {plain * 1e9:.0f} ns; "
            f"asked for {AHEAD} rows ahead {ahead * 1e9:.0f} ns |"
        )
    print(flush=True)


def read_seconds(rows: int, ahead: int) -> float:
    matrix, order = _matrix(rows), _random_rows(rows, CALLS)
    return _best(lambda: _read(matrix, order, ahead)) / len(order)


def axpy_seconds(rows: int) -> float:
    matrix = _matrix(rows)
    return _best(lambda: _axpy(matrix, matrix[0].copy(), CALLS, np.float32(1e-9))) / CALLS


@intrinsic
def ask_for(context, matrix, row):  # type: ignore[no-untyped-def]
    """Asks for a row that will be needed soon, as the steps do. row: int64, not checked."""

    def emit(target, builder, signature, arguments):  # type: ignore[no-untyped-def]
        rows = Rows(target, builder, signature, arguments)
        with along(builder, index(0), rows.width, NUMBERS) as k:
            rows.input(arguments[1]).ask(k)
        return target.get_dummy_value()

    return nb.types.void(matrix, row), emit


@nb.njit(cache=True, nogil=True, fastmath=set(FAST))
def _read(matrix, order, ahead):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for i in range(order.size):
        if ahead > 0:
            ask_for(matrix, np.int64(order[min(i + ahead, order.size - 1)]))
        row = matrix[np.uint64(order[i])]
        for k in range(row.size):
            total += row[k]
    return total


@nb.njit(cache=True, nogil=True, fastmath=set(FAST))
def _axpy(matrix, x, times, a):  # type: ignore[no-untyped-def]
    rows = np.uint64(matrix.shape[0])
    for i in range(times):
        y = matrix[np.uint64(i) % rows]
        for k in range(x.size):
            y[k] += a * x[k]


# --- the kernel's parts ---


def attract_seconds(rows: int = NEAR_ROWS) -> NDArray[np.float64]:
    """Of one call with 0 to CONTEXTS contexts; the first is 0, since there is no such call."""
    seconds = np.zeros(CONTEXTS + 1)
    for count in range(1, CONTEXTS + 1):
        # Different rows within a call, as mostly in a session.
        rngs = [np.random.default_rng(i) for i in range(64)]
        context = np.concatenate([rng.permutation(rows)[:CONTEXTS] for rng in rngs]).astype(np.int32)
        work = partial(_attract_only, _matrix(rows), _matrix(rows), context, count, CALLS)
        seconds[count] = _best(work) / CALLS
    return seconds


def contrast_seconds(rows: int = NEAR_ROWS) -> float:
    """Of one call: a group of centres and the noise that it shares."""
    noise, group = np.arange(POOL, dtype=np.int32) % rows, np.arange(GROUP, dtype=np.int32)
    return _best(lambda: _contrast_only(_matrix(rows), _matrix(rows), group, noise, CALLS // 10)) / (CALLS // 10)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _attract_only(inputs, outputs, context, count, calls):  # type: ignore[no-untyped-def]
    state = State(inputs, outputs, np.zeros((2, len(inputs)), np.float32))
    for i in range(calls):
        centre, first = i % inputs.shape[0], (i * CONTEXTS) % context.size
        attract(
            state, centre, context, first, count, np.float32(1), np.float32(1e-6), (np.int64(centre), np.int64(centre))
        )


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _contrast_only(inputs, outputs, group, noise, calls):  # type: ignore[no-untyped-def]
    state, counting = State(inputs, outputs, np.zeros((2, len(inputs)), np.float32)), np.ones(group.size, np.float32)
    for _ in range(calls):
        contrast(state, group, counting, noise, np.float32(1e-6), noise)


# --- a corpus ---


def parts(name: str, corpus: Corpus, attracting: NDArray[np.float64], contrasting: float) -> None:
    tokens, cached = len(corpus.tokens), replace(corpus, tokens=corpus.tokens % CACHED_ITEMS, items=CACHED_ITEMS)
    whole, both = (pass_seconds(corpus, workers) / tokens * 1e9 for workers in (1, 2))
    inside = pass_seconds(cached, 1) / tokens * 1e9
    calls, centres = calls_per_token(corpus)
    contexts, noise = float(calls @ attracting) * 1e9, centres / GROUP * contrasting * 1e9
    near, against = float(calls @ np.arange(CONTEXTS + 1)), centres * POOL
    fresh = 2 + POOL / GROUP  # the centre's input row, the output row that enters the window, its part of the noise
    alone, ahead = (read_seconds(corpus.items, distance) for distance in (0, AHEAD))
    print(f"### {name}: {corpus.items:,} items, the first {tokens:,} tokens, one thread\n")
    print("| part | ns a token | share | |\n|---|---|---|---|")
    lines = [
        ("contexts", contexts, f"{near:.1f} pairs, {FLOPS * near / contexts:.0f} GFLOP/s"),
        ("noise", noise, f"{against:.1f} pairs, {FLOPS * against / noise:.0f} GFLOP/s"),
        ("the rest: drawing noise, walking sessions", inside - contexts - noise, ""),
        (
            "memory",
            whole - inside,
            f"{fresh:.0f} rows of 512 bytes that were not near: {(whole - inside) / fresh:.0f} ns each; such a row is "
            f"read in {alone * 1e9:.0f} ns, asked for ahead in {ahead * 1e9:.0f} ns",
        ),
        ("all", whole, f"{1e3 / whole:.2f} M tokens/s; two threads {1e3 / both:.2f}, {whole / both:.2f} times as fast"),
    ]
    for part, ns, note in lines:
        print(f"| {part} | {ns:.0f} | {ns / whole:.0%} | {note} |")
    print(f"\nThe best of {REPEATS} of everything.\n", flush=True)


def pass_seconds(corpus: Corpus, workers: int) -> float:
    """Of one pass over the corpus, without what a training does once."""

    def seconds(epochs: int) -> float:
        config = sgns_config(Steps(epochs, 1.0, 0.03), DIMS, workers)
        return _best(lambda: train(corpus, config, 1, lambda _: None))

    return (seconds(3) - seconds(1)) / 2


def calls_per_token(corpus: Corpus) -> tuple[NDArray[np.float64], float]:
    """How often a token calls `attract` with 0, 1, ... CONTEXTS contexts, and how often it has any."""
    lengths = corpus.lengths()
    place = np.arange(len(corpus.tokens)) - np.repeat(corpus.offsets[:-1], lengths)
    left, right = place, np.repeat(lengths, lengths) - 1 - place
    calls, centres = np.zeros(CONTEXTS + 1), 0.0
    for reach in range(1, WINDOW + 1):
        found = np.minimum(left, reach) + np.minimum(right, reach)
        calls += np.bincount(found % CONTEXTS, minlength=CONTEXTS + 1) / WINDOW
        calls[CONTEXTS] += (found // CONTEXTS).sum() / WINDOW
        centres += np.count_nonzero(found) / WINDOW
    calls[0] = 0  # no call
    return calls / max(1, len(corpus.tokens)), centres / max(1, len(corpus.tokens))


def _matrix(rows: int) -> Float:
    """Rows on the borders of cache lines, as the trainer lays them."""
    matrix = zeros(rows, DIMS)
    matrix[:] = np.float32(0.01)
    return matrix


def _random_rows(rows: int, count: int) -> Ints:
    return np.random.default_rng(1).integers(0, rows, count).astype(np.int32)


def _best(work: Callable[[], Any]) -> float:
    """Seconds of the fastest; the first is one more than REPEATS, since it may compile."""
    seconds = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
