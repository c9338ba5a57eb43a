"""Candidates of validation questions, and what each part says of them: the table that weights are fitted on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.ranking.parts.counts import Told
from index.ranking.parts.question import Question
from index.ranking.readings import Float, Rows
from index.ranking.scorer import NextScorer
from index.ranking.settings import LAST
from index.search.exact import top_k
from training.choice.logit import Table

BEST = 20  # candidates of each part
AT_RANDOM = 30  # and any others: weights must also be right for items that no part would bring
SCORES = 8_000_000  # held at once by each thread

Double = NDArray[np.float64]


def tabulate(
    scorer: NextScorer,
    questions: Sequence[Question],
    targets: Rows,
    gone: Sequence[Rows],
    names: tuple[str, ...],
    seed: int,
    threads: int,
) -> Table:
    """names: of parts. gone: of each question, items that are no answers.

    The item that came is a candidate only if a part or chance brings it: one that is always there would be told apart
    by that alone.
    """
    items = len(scorer)
    block = max(1, min(256, SCORES // max(1, items)))
    popular = [np.argsort(-scorer.popular[name], kind="stable")[:10] for name in scorer.popular]

    def one(begin: int) -> list[tuple[Rows, Float]]:
        rng = np.random.default_rng([seed, begin])
        part = questions[begin : begin + block]
        dense = _dense(scorer, part, names)
        told = scorer.told([name for name in names if scorer.is_sparse(name)], part)
        picked: list[list[NDArray[Any]]] = [[rng.integers(0, items, AT_RANDOM), *popular] for _ in part]
        for values in dense.values():
            for rows, best in zip(picked, top_k(values, min(BEST, items))[0], strict=True):
                rows.append(best)
        for found in told.values():
            for rows, best in zip(picked, _best_of(found, len(part), items), strict=True):
                rows.append(best)
        candidates = [
            np.setdiff1d(np.concatenate(rows), gone[begin + i]).astype(np.int32) for i, rows in enumerate(picked)
        ]
        lengths = [len(rows) for rows in candidates]
        at = np.repeat(np.arange(len(part)) * items, lengths) + np.concatenate(candidates)
        values = np.empty((len(at), len(names)), dtype=np.float32)
        room = np.zeros(len(part) * items, dtype=np.float32)
        for column, name in enumerate(names):
            if name in dense:
                values[:, column] = dense[name].reshape(-1)[at]
            elif name in scorer.popular:
                values[:, column] = scorer.popular[name][at % items]
            else:
                room[told[name].at] = told[name].values
                values[:, column] = room[at]
                room[told[name].at] = 0
        return list(zip(candidates, np.split(values, np.cumsum(lengths)[:-1]), strict=True))

    with ThreadPoolExecutor(threads) as pool:
        made = [pair for part in pool.map(one, range(0, len(questions), block)) for pair in part]
    longest = max((len(rows) for rows, _ in made), default=1)
    rows = np.full((len(made), longest), -1, dtype=np.int32)
    values = np.zeros((len(made), longest, len(names)), dtype=np.float32)
    chosen = np.full(len(made), -1, dtype=np.int64)
    for i, (picked, told) in enumerate(made):
        rows[i, : len(picked)], values[i, : len(picked)] = picked, told
        at = np.searchsorted(picked, targets[i])
        if at < len(picked) and picked[at] == targets[i]:
            chosen[i] = at
    return Table(names, rows, values, chosen)


def _dense(scorer: NextScorer, questions: Sequence[Question], names: tuple[str, ...]) -> dict[str, Float]:
    found = {}
    for name in names:
        base = name.removesuffix(LAST)
        if base in scorer.vectors:
            part = scorer.vectors[base]
            q, mean = part.of([question.last if name.endswith(LAST) else question.recent for question in questions])
            scores = q @ part.targets.T
            scores -= mean[:, None]
            found[name] = scores
    return found


def _best_of(told: Told, questions: int, items: int) -> list[Rows]:
    """Of each question the items with the highest values."""
    borders = np.searchsorted(told.at, np.arange(questions + 1) * items)
    found = []
    for begin, end in pairwise(borders.tolist()):
        values = told.values[begin:end]
        best = np.argpartition(-values, BEST)[:BEST] if len(values) > BEST else slice(None)
        found.append((told.at[begin:end][best] % items).astype(np.int32))
    return found
