"""Where our trainer's time goes, per token, against what the machine can do.

    python -m benchmarks.train --profile

Nothing is instrumented: seconds of a pass are those of three passes less those of one. Memory is what a pass takes more
than the same sessions over 256 items, which stay in cache. Dot products and updates are the kernel's own, called over
rows in the nearest cache as often as the corpus calls them. The rest (steps, noise, sessions) is what is left.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from benchmarks.train_corpora import world
from benchmarks.train_engines import DIMS, NEGATIVES, WINDOW, sgns_config, warm_up
from training.config import Steps
from training.corpus import Corpus
from training.rows import prefetch_row, zeros
from training.sgns import CHUNK, FAST, _dots, _update, train

TOKENS = 2_000_000  # of a corpus; more only takes longer
CACHED_ITEMS = 256  # two matrices of 128 KB: the second cache
NEAR_ROWS = 32  # 16 KB: the first cache
FAR_ROWS = 1_000_000  # 512 MB: no cache
POOL = CHUNK * -(-3 * NEGATIVES // (2 * CHUNK))  # noise rows a centre is contrasted with; a quarter of them new
CALLS = 400_000
AHEAD = 12  # rows asked for in advance, where they are
REPEATS = 3

Float = NDArray[np.float32]
Ints = NDArray[np.int32]


def profile(names: list[str], folder: Path, shrink: int) -> None:
    warm_up()
    limits()
    kernels = kernel_seconds()
    for name in names:
        parts(name, shortened(world(name, folder, shrink).train), kernels)


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


@nb.njit(cache=True, nogil=True, fastmath=FAST)
def _read(matrix, order, ahead):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for i in range(order.size):
        if ahead > 0:
            prefetch_row(matrix, np.int64(order[min(i + ahead, order.size - 1)]))
        row = matrix[np.uint64(order[i])]
        for k in range(row.size):
            total += row[k]
    return total


@nb.njit(cache=True, nogil=True, fastmath=FAST)
def _axpy(matrix, x, times, a):  # type: ignore[no-untyped-def]
    rows = np.uint64(matrix.shape[0])
    for i in range(times):
        y = matrix[np.uint64(i) % rows]
        for k in range(x.size):
            y[k] += a * x[k]


# --- the kernel's parts, by number of rows ---


def kernel_seconds(rows: int = NEAR_ROWS) -> dict[str, NDArray[np.float64]]:
    """Seconds of one call with 1 to CHUNK rows, [0] being 0: of the dot products, and of the updates."""
    matrix, row = _matrix(rows), _matrix(1)[0]
    seconds = {"dots": np.zeros(CHUNK + 1), "updates": np.zeros(CHUNK + 1)}
    for count in range(1, CHUNK + 1):
        # Different rows within a call, as mostly in a session.
        others = np.concatenate([np.random.default_rng(i).permutation(rows)[:CHUNK] for i in range(64)]).astype(
            np.int32
        )
        seconds["dots"][count] = _best(partial(_dots_only, row, matrix, others, count, CALLS)) / CALLS
        seconds["updates"][count] = _best(partial(_updates_only, row, matrix, others, count, CALLS)) / CALLS
    return seconds


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _dots_only(row, matrix, others, count, calls):  # type: ignore[no-untyped-def]
    scores, squares = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    for i in range(calls):
        first = (i * CHUNK) % others.size
        _dots(row, matrix, others[first : first + CHUNK], count, scores, squares)
    return scores[0]


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _updates_only(row, matrix, others, count, calls):  # type: ignore[no-untyped-def]
    by_input, by_output = np.full(CHUNK, 1e-9, np.float32), np.full(CHUNK, 1e-9, np.float32)
    for i in range(calls):
        first = (i * CHUNK) % others.size
        _update(row, matrix, others[first : first + CHUNK], count, by_input, by_output)


# --- a corpus ---


def parts(name: str, corpus: Corpus, kernels: dict[str, NDArray[np.float64]]) -> None:
    tokens, cached = len(corpus.tokens), replace(corpus, tokens=corpus.tokens % CACHED_ITEMS, items=CACHED_ITEMS)
    whole, both = (pass_seconds(corpus, DIMS, workers) / tokens * 1e9 for workers in (1, 2))
    inside, narrow = (pass_seconds(cached, dims, 1) / tokens * 1e9 for dims in (DIMS, 16))
    often = calls_per_token(corpus)
    dots, updates = (float(often @ kernels[part]) * 1e9 for part in ("dots", "updates"))
    rows = float(often @ np.arange(CHUNK + 1))
    fresh = 2 + POOL / 4  # the centre's input row, the output row that enters the window, a quarter of the noise
    rest = inside - dots - updates
    alone, ahead = (read_seconds(corpus.items, distance) for distance in (0, AHEAD))
    print(f"### {name}: {corpus.items:,} items, the first {tokens:,} tokens, one thread\n")
    print("| part | ns a token | share | |\n|---|---|---|---|")
    lines = [
        ("dot products", dots, f"{rows:.1f} rows, {4 * DIMS * rows / dots:.0f} GFLOP/s"),
        ("updates", updates, f"{rows:.1f} rows, {4 * DIMS * rows / updates:.0f} GFLOP/s"),
        (
            "the rest: steps, noise, sessions",
            rest,
            f"{often.sum():.1f} calls; at 16 dims all of it takes {narrow:.0f} ns",
        ),
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


def pass_seconds(corpus: Corpus, dims: int, workers: int) -> float:
    """Of one pass over the corpus, without what a training does once."""

    def seconds(epochs: int) -> float:
        config = sgns_config(Steps(epochs, 1.0, 0.3), dims, workers)
        return _best(lambda: train(corpus, config, 1, lambda _: None))

    return (seconds(3) - seconds(1)) / 2


def calls_per_token(corpus: Corpus) -> NDArray[np.float64]:
    """How often a token calls the kernel with 0, 1, ... CHUNK rows: its contexts, chunk by chunk, and its noise."""
    lengths = corpus.lengths()
    place = np.arange(len(corpus.tokens)) - np.repeat(corpus.offsets[:-1], lengths)
    left, right = place, np.repeat(lengths, lengths) - 1 - place
    calls = np.zeros(CHUNK + 1)
    for reach in range(1, WINDOW + 1):
        found = np.minimum(left, reach) + np.minimum(right, reach)
        calls += np.bincount(found % CHUNK, minlength=CHUNK + 1) / WINDOW
        calls[CHUNK] += (found // CHUNK).sum() / WINDOW
        calls[CHUNK] += np.count_nonzero(found) * (POOL // CHUNK) / WINDOW
    calls[0] = 0  # no call
    return calls / max(1, len(corpus.tokens))


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
