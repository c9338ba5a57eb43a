"""Reading, session rule and weights of the counts, chosen on validation; nothing here sees the test part.

Cheap beside training: every choice is another reading of matrices that are already there.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.readings import Reading
from index.rules import Rules, RulesConfig
from index.scorer import NextScorer, Query, RecommenderConfig
from training.corpus import Corpus
from training.metrics import gains
from training.ranks import blended_ranks, block_size
from training.rules import count_rules
from training.split import Prefixes
from training.trainer import Embeddings

Rows = NDArray[np.int32]

READINGS: tuple[Reading, ...] = ("in-out", "in-out-cosine", "in-in", "sum", "symmetric")
SESSION_RULES: tuple[dict[str, Any], ...] = (
    {"session_decay": "last"},
    {"session_decay": "rank", "session_items": 10},
    {"session_decay": "exponential", "session_items": 10, "half_life": 1.0},
    {"session_decay": "exponential", "session_items": 20, "half_life": 3.0},
    {"session_decay": "rank", "session_items": 50},
)
STEPS: tuple[tuple[int, Literal["inverse", "linear"]], ...] = ((1, "inverse"), (10, "inverse"), (20, "linear"))
RULES: tuple[RulesConfig, ...] = tuple(
    RulesConfig(steps=steps, decay=decay, backward=backward, target_power=power, source_power=0.5)
    for (steps, decay), backward, power in product(STEPS, (0.0, 1.0), (0.0, 0.25))
)
COUNT_WEIGHTS = np.array([0, 0.25, 0.5, 1, 2, 4], dtype=np.float32)
POPULARITY_WEIGHTS = np.array([0, 0.1, 0.2, 0.4], dtype=np.float32)
BLEND_POPULARITY = POPULARITY_WEIGHTS[[0, 2]]  # beside counts, which know popularity, the term moves little
OWN_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
K = 20


@dataclass(frozen=True)
class Choice:
    """blend: vectors with counts. vectors: the best without counts. trace: each thing tried and its NDCG@20."""

    blend: RecommenderConfig
    vectors: RecommenderConfig
    trace: dict[str, dict[str, float]]


def choose(
    embeddings: Embeddings,
    train: Corpus,
    prefixes: Prefixes,
    config: RecommenderConfig,
    threads: int,
    progress: Callable[[float], None] = lambda _: None,
) -> Choice:
    """Prefixes are of the validation part; embeddings and counts of the sessions before it."""
    counts = train.counts()
    trace: dict[str, dict[str, float]] = {}
    scorers = {
        r: NextScorer(embeddings.inputs, embeddings.outputs, counts, None, _with(config, next_reading=r))
        for r in READINGS
    }
    board = _Board(prefixes, threads)
    steps = len(READINGS) + len(RULES) + 3
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(min(1.0, done / steps))

    # 1. Vectors alone: each reading with its best popularity weight and session rule.
    alone: dict[Reading, tuple[float, dict[str, Any]]] = {}
    for reading, scorer in scorers.items():
        item = board.grid(scorer, None, True, POPULARITY_WEIGHTS)
        sessions = [
            (board.grid(_reading(scorer, rule), None, False, POPULARITY_WEIGHTS), rule) for rule in SESSION_RULES
        ]
        session, rule = max(sessions, key=lambda s: s[0][0])
        alone[reading] = (
            item[0] + session[0],
            {"next_reading": reading, "item_popularity": item[2], "session_popularity": session[2], **rule},
        )
        trace[f"vectors {reading}"] = {"item": item[0], "session": session[0]}
        step()
    ranking = sorted(alone, key=lambda r: -alone[r][0])
    vectors = _with(config, item_counts=0.0, session_counts=0.0, **alone[ranking[0]][1])

    # 2. Counts alone, read with the session rule the vectors like.
    rules: dict[RulesConfig, Rules] = {}
    scored: dict[RulesConfig, float] = {}
    for rules_config in RULES:
        counted = count_rules(train, rules_config, threads)
        scorer = _reading(scorers[ranking[0]], _rule_of(vectors))
        item_value, session_value = board.counts(scorer, counted, True), board.counts(scorer, counted, False)
        scored[rules_config] = item_value + session_value
        rules[rules_config] = counted
        trace[f"counts {_label(rules_config)}"] = {"item": item_value, "session": session_value}
        for worse in sorted(scored, key=lambda c: -scored[c])[2:]:
            rules.pop(worse, None)  # only the best two are blended
        step()

    # 3. Both: the best two of each, every weight.
    best: tuple[float, dict[str, Any]] = (-1.0, {})
    for reading, (rules_config, counted) in product(ranking[:2], rules.items()):
        item = board.grid(scorers[reading], counted, True, BLEND_POPULARITY)
        sessions = [
            (board.grid(_reading(scorers[reading], rule), counted, False, BLEND_POPULARITY), rule)
            for rule in SESSION_RULES
        ]
        session, rule = max(sessions, key=lambda s: s[0][0])
        trace[f"blend {reading} {_label(rules_config)}"] = {"item": item[0], "session": session[0]}
        if item[0] + session[0] > best[0]:
            best = (
                item[0] + session[0],
                {
                    "next_reading": reading,
                    "rules": rules_config,
                    "item_counts": item[1],
                    "item_popularity": item[2],
                    "session_counts": session[1],
                    "session_popularity": session[2],
                    **rule,
                },
            )
    step()
    blend = _with(config, **best[1])

    # 4. The session's own items, where sessions repeat them.
    if prefixes.repeats().mean() > 0.02:
        for name, chosen in (("vectors", vectors), ("blend", blend)):
            scorer = NextScorer(embeddings.inputs, embeddings.outputs, counts, rules.get(chosen.rules), chosen)
            values = {own: board.own(scorer, own) for own in OWN_WEIGHTS}
            trace[f"own items, {name}"] = {f"{own:g}": value for own, value in values.items()}
            chosen = _with(chosen, own_items=max(values, key=lambda own: values[own]))
            if name == "vectors":
                vectors = chosen
            else:
                blend = chosen
    progress(1.0)
    return Choice(blend, vectors, trace)


class _Board:
    """Validation prefixes, scored block by block: values are NDCG@20, as (count weights, popularity weights) grids."""

    def __init__(self, prefixes: Prefixes, threads: int) -> None:
        self.prefixes = prefixes
        self.threads = threads

    def grid(
        self, scorer: NextScorer, rules: Rules | None, one_item: bool, popularity: NDArray[np.float32]
    ) -> tuple[float, float, float]:
        """(value, count weight, popularity weight) of the best cell; the smallest weights among equals."""

        def ranks(part: Sequence[Rows], targets: Rows) -> NDArray[np.int32]:
            queries = _queries(scorer, part, one_item)
            base = scorer.vectors_z(queries)
            _mask(base, part)
            counts = NextScorer.counts_z_of(rules, queries) if rules is not None else np.empty((1, 0), np.float32)
            weights = COUNT_WEIGHTS if rules is not None else COUNT_WEIGHTS[:1]
            found: NDArray[np.int32] = blended_ranks(base, counts, scorer.popularity, targets, weights, popularity)
            return found

        grid = self._mean(ranks, len(scorer))
        i, j = np.unravel_index(int(np.argmax(grid)), grid.shape)
        # Rounded: the weights are recorded, and float32 would record 0.2 as 0.20000000298.
        return float(grid[i, j]), round(float(COUNT_WEIGHTS[i]), 4), round(float(popularity[j]), 4)

    def counts(self, scorer: NextScorer, rules: Rules, one_item: bool) -> float:
        def ranks(part: Sequence[Rows], targets: Rows) -> NDArray[np.int32]:
            base = NextScorer.counts_z_of(rules, _queries(scorer, part, one_item))
            _mask(base, part)
            none = np.empty((1, 0), np.float32)
            found: NDArray[np.int32] = blended_ranks(base, none, none[0], targets, COUNT_WEIGHTS[:1], COUNT_WEIGHTS[:1])
            return found

        return float(self._mean(ranks, len(scorer))[0, 0])

    def own(self, scorer: NextScorer, weight: float) -> float:
        weighted = scorer.with_config(_with(scorer.config, own_items=weight))

        def ranks(part: Sequence[Rows], targets: Rows) -> NDArray[np.int32]:
            base = weighted.dense(_queries(weighted, part, False), False, part)
            _mask(base, part)
            none = np.empty((1, 0), np.float32)
            found: NDArray[np.int32] = blended_ranks(base, none, none[0], targets, COUNT_WEIGHTS[:1], COUNT_WEIGHTS[:1])
            return found

        return float(self._mean(ranks, len(scorer))[0, 0])

    def _mean(self, ranks: Callable[[Sequence[Rows], Rows], NDArray[np.int32]], items: int) -> NDArray[np.float64]:
        size = block_size(items, 256)
        begins = range(0, len(self.prefixes), size)
        with ThreadPoolExecutor(self.threads) as pool:
            parts: Iterable[NDArray[np.int32]] = pool.map(
                lambda b: ranks(self.prefixes.prefixes[b : b + size], self.prefixes.targets[b : b + size]), begins
            )
            values: NDArray[np.float64] = gains(np.concatenate(list(parts)), K).mean(axis=0)
        return values


def _queries(scorer: NextScorer, prefixes: Sequence[Rows], one_item: bool) -> list[Query]:
    if one_item:
        return [Query(p[-1:], np.ones(1, dtype=np.float32)) for p in prefixes]
    return [scorer.session(p) for p in prefixes]


def _mask(scores: NDArray[np.float32], prefixes: Sequence[Rows]) -> None:
    """The query item never counts."""
    for i, prefix in enumerate(prefixes):
        scores[i, prefix[-1]] = -np.inf


def _with(config: RecommenderConfig, **changes: Any) -> RecommenderConfig:
    return config.model_copy(update=changes)


def _reading(scorer: NextScorer, rule: dict[str, Any]) -> NextScorer:
    return scorer.with_config(_with(scorer.config, **rule))


def _rule_of(config: RecommenderConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in ("session_decay", "session_items", "half_life")}


def _label(rules: RulesConfig) -> str:
    direction = "both ways" if rules.backward else "forward"
    return f"{rules.steps} steps {rules.decay} {direction} target^{rules.target_power:g}"
