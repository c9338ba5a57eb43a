"""Reading, session rule and weights of the counts, chosen on validation; nothing here sees the test part.

Cheap beside training: every choice is another reading of matrices that are already there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
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

SessionRule = dict[str, Any]
"""Changes of a RecommenderConfig: session_decay, and what belongs to it."""

READINGS: tuple[Reading, ...] = ("in-out", "in-out-cosine", "in-in", "sum", "symmetric")
SESSION_RULES: tuple[SessionRule, ...] = (
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
REPEATING = 0.02  # share of the targets that are in the prefix already; below it, own items are not worth a look

Step = Callable[[], None]
"""Called when one more thing was tried."""
Trace = dict[str, dict[str, float]]
"""What was tried -> its NDCG@20, by question."""


@dataclass(frozen=True)
class Choice:
    """blend: vectors with counts. vectors: the best without counts. trace: each thing tried and its NDCG@20.

    values: of the two, NDCG@20 on validation, the mean over both tasks.
    """

    blend: RecommenderConfig
    vectors: RecommenderConfig
    trace: Trace
    values: dict[Literal["vectors", "blend"], float]

    @property
    def value(self) -> float:
        return (self.values["vectors"] + self.values["blend"]) / 2


@dataclass(frozen=True)
class Tried:
    """Settings, and their NDCG@20 on validation: after one item, and in a session."""

    name: str
    config: RecommenderConfig
    item: float
    session: float

    @property
    def value(self) -> float:
        return (self.item + self.session) / 2


def choose(
    embeddings: Embeddings,
    train: Corpus,
    prefixes: Prefixes,
    config: RecommenderConfig,
    threads: int,
    progress: Callable[[float], None] = lambda _: None,
) -> Choice:
    """Prefixes are of the validation part; embeddings and counts of the sessions before it."""
    steps, done = len(READINGS) + len(RULES) + 3, 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done / steps)

    board, scorers = Board(prefixes, threads), _scorers(embeddings, train, config)
    readings = try_readings(board, scorers, step)
    first, second = _best(readings, 2)
    liked = _with_rule(scorers[first.config.next_reading], _rule_of(first.config))
    counts, kept = try_counts(board, liked, train, threads, step)
    pairs = product((scorers[t.config.next_reading] for t in (first, second)), kept.items())
    blends = [try_blend(board, scorer, counted, SESSION_RULES) for scorer, counted in pairs]
    step()
    vectors, blend = first, _best(blends)[0]
    trace = _trace([*readings, *counts, *blends])
    chosen = {"vectors": vectors.config, "blend": blend.config}
    if prefixes.repeats().mean() > REPEATING:
        for name, settings in chosen.items():
            scorer = scorer_of(embeddings, train, settings, kept.get(settings.rules))
            values = {own: board.own(scorer, own) for own in OWN_WEIGHTS}
            trace[f"own items, {name}"] = {f"{own:g}": value for own, value in values.items()}
            chosen[name] = _with(settings, own_items=max(values, key=lambda own: values[own]))
    progress(1.0)
    return Choice(chosen["blend"], chosen["vectors"], trace, {"vectors": vectors.value, "blend": blend.value})


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
    board, scorers = Board(prefixes, threads), _scorers(embeddings, train, config)
    cells = {reading: board.grid(scorer, None, True, POPULARITY_WEIGHTS) for reading, scorer in scorers.items()}
    promising = sorted(READINGS, key=lambda reading: -cells[reading].value)[:2]
    readings = [try_reading(board, scorers[reading], cells[reading]) for reading in promising]
    vectors = _best(readings)[0]
    rules = (_rule_of(vectors.config), {"session_decay": "last"})
    scorer = scorers[vectors.config.next_reading].with_config(vectors.config)
    blend = try_blend(board, scorer, counted, rules)
    values: dict[Literal["vectors", "blend"], float] = {"vectors": vectors.value, "blend": blend.value}
    return Choice(blend.config, vectors.config, _trace([*readings, blend]), values)


def try_readings(board: Board, scorers: dict[Reading, NextScorer], step: Step) -> list[Tried]:
    """Vectors alone, under each reading."""
    found = []
    for scorer in scorers.values():
        found.append(try_reading(board, scorer, board.grid(scorer, None, True, POPULARITY_WEIGHTS)))
        step()
    return found


def try_reading(board: Board, scorer: NextScorer, item: Cell) -> Tried:
    """Vectors alone, with the best popularity weights and the best session rule. item: the best cell for one item."""
    session, rule = _best_rule(board, scorer, item, SESSION_RULES, None, POPULARITY_WEIGHTS)
    config = _with(scorer.config, **rule, **_weights(item, session))
    return Tried(f"vectors {config.next_reading}", config, item.value, session.value)


def try_counts(
    board: Board, scorer: NextScorer, train: Corpus, threads: int, step: Step
) -> tuple[list[Tried], dict[RulesConfig, Rules]]:
    """Counts alone, each way of counting, under the scorer's session rule. (all of them, what the best two counted)"""
    tried: list[Tried] = []
    kept: dict[RulesConfig, Rules] = {}
    for config in RULES:
        kept[config] = rules = count_rules(train, config, threads)
        item, session = board.counts(scorer, rules, True), board.counts(scorer, rules, False)
        tried.append(Tried(f"counts {_label(config)}", _with(scorer.config, rules=config), item, session))
        best = {t.config.rules for t in _best(tried, 2)}
        kept = {c: r for c, r in kept.items() if c in best}
        step()
    return tried, kept


def try_blend(
    board: Board, scorer: NextScorer, counted: tuple[RulesConfig, Rules], session_rules: Iterable[SessionRule]
) -> Tried:
    """Vectors and counts, with the best weights and the best of the session rules."""
    config, rules = counted
    item = board.grid(scorer, rules, True, BLEND_POPULARITY)
    session, rule = _best_rule(board, scorer, item, session_rules, rules, BLEND_POPULARITY)
    blend = _with(scorer.config, rules=config, **rule, **_weights(item, session))
    return Tried(f"blend {blend.next_reading} {_label(config)}", blend, item.value, session.value)


def best_rules(
    train: Corpus,
    prefixes: Prefixes,
    config: RecommenderConfig,
    threads: int,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[RulesConfig, Rules]:
    """The way of counting that alone answers best for one item, and its counts."""
    none = np.zeros((train.items, 1), dtype=np.float32)
    scorer, board = NextScorer(none, none, train.counts(), None, config), Board(prefixes, threads)

    def tried() -> Iterator[tuple[float, RulesConfig, Rules]]:
        for done, rules in enumerate(RULES, 1):
            counts = count_rules(train, rules, threads)
            yield board.counts(scorer, counts, True), rules, counts
            progress(done / len(RULES))

    _, rules, counts = max(tried(), key=lambda found: found[0])
    return rules, counts


def _best_rule(
    board: Board,
    scorer: NextScorer,
    item: Cell,
    session_rules: Iterable[SessionRule],
    rules: Rules | None,
    popularity: NDArray[np.float32],
) -> tuple[Cell, SessionRule]:
    """The session rule that answers best. Under `last`, a session's question is that of its last item: `item`."""

    def cell(rule: SessionRule) -> Cell:
        if rule["session_decay"] == "last":
            return item
        return board.grid(_with_rule(scorer, rule), rules, False, popularity)

    return max(((cell(rule), rule) for rule in session_rules), key=lambda pair: pair[0].value)


def _best(tried: Sequence[Tried], count: int = 1) -> list[Tried]:
    """The best first; among equals the one tried first."""
    return sorted(tried, key=lambda t: -t.value)[:count]


def _trace(tried: Iterable[Tried]) -> Trace:
    return {t.name: {"item": t.item, "session": t.session} for t in tried}


def _weights(item: Cell, session: Cell) -> dict[str, float]:
    return {
        "item_counts": item.counts,
        "item_popularity": item.popularity,
        "session_counts": session.counts,
        "session_popularity": session.popularity,
    }


def _scorers(embeddings: Embeddings, train: Corpus, config: RecommenderConfig) -> dict[Reading, NextScorer]:
    return {reading: scorer_of(embeddings, train, _with(config, next_reading=reading)) for reading in READINGS}


def scorer_of(
    embeddings: Embeddings, train: Corpus, config: RecommenderConfig, rules: Rules | None = None
) -> NextScorer:
    return NextScorer(embeddings.inputs, embeddings.outputs, train.counts(), rules, config)


def _with(config: RecommenderConfig, **changes: Any) -> RecommenderConfig:
    return config.model_copy(update=changes)


def _with_rule(scorer: NextScorer, rule: SessionRule) -> NextScorer:
    return scorer.with_config(_with(scorer.config, **rule))


def _rule_of(config: RecommenderConfig) -> SessionRule:
    return {name: getattr(config, name) for name in ("session_decay", "session_items", "half_life")}


def _label(rules: RulesConfig) -> str:
    direction = "both ways" if rules.backward else "forward"
    return f"{rules.steps} steps {rules.decay} {direction} target^{rules.target_power:g}"
