"""Reading, session rule and weights of the counts, chosen on validation; nothing here sees the test part.

Cheap beside training: every choice is another reading of matrices that are already there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.ranking.readings import Reading
from index.ranking.rules import Rules, RulesConfig
from index.ranking.scorer import NextScorer, RecommenderConfig
from training.choice.board import Board, Cell
from training.corpus import Corpus
from training.counting import count_rules
from training.evaluation.split import Prefixes
from training.trainers.trainer import Embeddings

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
POPULARITY_WEIGHTS = np.array([0, 0.1, 0.2, 0.4, 0.8], dtype=np.float32)
BLEND_POPULARITY = POPULARITY_WEIGHTS[[0, 2]]  # beside counts, which know popularity, the term moves little
OWN_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Choice:
    """blend: vectors with counts. vectors: the best without counts. trace: each thing tried and its NDCG@20.

    value: NDCG@20 on validation, the mean over both tasks and over both of the above.
    """

    blend: RecommenderConfig
    vectors: RecommenderConfig
    trace: dict[str, dict[str, float]]
    value: float


def quick_choice(
    embeddings: Embeddings,
    train: Corpus,
    prefixes: Prefixes,
    config: RecommenderConfig,
    counted: tuple[RulesConfig, Rules],
    threads: int,
) -> Choice:
    """What `choose` would find, nearly, at a tenth of its cost: for comparing trainings that share their counts.

    Every reading answers for one item; the best two are read with every session rule, and the best is blended.
    """
    counts = train.counts()
    board = Board(prefixes, threads)
    scorers = [
        NextScorer(embeddings.inputs, embeddings.outputs, counts, None, _with(config, next_reading=r)) for r in READINGS
    ]
    items = [(board.grid(scorer, None, True, POPULARITY_WEIGHTS), scorer) for scorer in scorers]
    best: tuple[float, NextScorer, dict[str, Any]] = (-1.0, scorers[0], {})
    trace: dict[str, dict[str, float]] = {}
    for item, scorer in sorted(items, key=lambda found: -found[0][0])[:2]:
        session, rule = _best_rule(board, scorer, item, SESSION_RULES, None, POPULARITY_WEIGHTS)
        trace[f"vectors {scorer.config.next_reading}"] = {"item": item[0], "session": session[0]}
        if item[0] + session[0] > best[0]:
            weights = {"item_popularity": item[2], "session_popularity": session[2]}
            best = (item[0] + session[0], scorer, weights | rule | {"next_reading": scorer.config.next_reading})
    alone, scorer, settings = best
    vectors = _with(config, item_counts=0.0, session_counts=0.0, **settings)
    rules_config, rules = counted
    item = board.grid(scorer, rules, True, BLEND_POPULARITY)
    wanted = (_rule_of(vectors), *(rule for rule in SESSION_RULES if rule["session_decay"] == "last"))
    session, rule = _best_rule(board, scorer, item, wanted, rules, BLEND_POPULARITY)
    trace["blend"] = {"item": item[0], "session": session[0]}
    blend = _with(vectors, rules=rules_config, **_weights(item, session), **rule)
    return Choice(blend, vectors, trace, (alone + item[0] + session[0]) / 4)


def best_rules(
    train: Corpus,
    prefixes: Prefixes,
    config: RecommenderConfig,
    threads: int,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[RulesConfig, Rules]:
    """The way of counting that alone answers best for one item, and its counts."""
    none = np.zeros((train.items, 1), dtype=np.float32)
    scorer = NextScorer(none, none, train.counts(), None, config)
    board = Board(prefixes, threads)
    best: tuple[float, RulesConfig, Rules] | None = None
    for done, rules_config in enumerate(RULES, 1):
        counted = count_rules(train, rules_config, threads)
        value = board.counts(scorer, counted, True)
        if best is None or value > best[0]:
            best = (value, rules_config, counted)
        progress(done / len(RULES))
    assert best is not None
    return best[1], best[2]


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
    board = Board(prefixes, threads)
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
        session, rule = _best_rule(board, scorer, item, SESSION_RULES, None, POPULARITY_WEIGHTS)
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
        session, rule = _best_rule(board, scorers[reading], item, SESSION_RULES, counted, BLEND_POPULARITY)
        trace[f"blend {reading} {_label(rules_config)}"] = {"item": item[0], "session": session[0]}
        if item[0] + session[0] > best[0]:
            best = (
                item[0] + session[0],
                {"next_reading": reading, "rules": rules_config, **_weights(item, session), **rule},
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
    return Choice(blend, vectors, trace, (alone[ranking[0]][0] + best[0]) / 4)


def _best_rule(
    board: Board,
    scorer: NextScorer,
    item: Cell,
    wanted: Iterable[dict[str, Any]],
    rules: Rules | None,
    popularity: NDArray[np.float32],
) -> tuple[Cell, dict[str, Any]]:
    """The session rule that answers best. Under `last`, a session's question is that of its last item: `item`."""
    cells = [
        (
            item if rule["session_decay"] == "last" else board.grid(_reading(scorer, rule), rules, False, popularity),
            rule,
        )
        for rule in wanted
    ]
    return max(cells, key=lambda found: found[0][0])


def _weights(item: Cell, session: Cell) -> dict[str, float]:
    return {
        "item_counts": item[1],
        "item_popularity": item[2],
        "session_counts": session[1],
        "session_popularity": session[2],
    }


def _with(config: RecommenderConfig, **changes: Any) -> RecommenderConfig:
    return config.model_copy(update=changes)


def _reading(scorer: NextScorer, rule: dict[str, Any]) -> NextScorer:
    return scorer.with_config(_with(scorer.config, **rule))


def _rule_of(config: RecommenderConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in ("session_decay", "session_items", "half_life")}


def _label(rules: RulesConfig) -> str:
    direction = "both ways" if rules.backward else "forward"
    return f"{rules.steps} steps {rules.decay} {direction} target^{rules.target_power:g}"
