"""Vectors alone: which reading and which session rule answer best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from index.ranking.readings import Reading
from index.ranking.settings import RecommenderConfig
from training.choice.board import Board
from training.choice.materials import Materials

SessionRule = dict[str, Any]
"""Changes of a RecommenderConfig: session_decay, and what belongs to it."""

READINGS: tuple[Reading, ...] = ("in-out", "in-out-cosine", "in-in", "sum", "symmetric")
ONE_MATRIX: tuple[Reading, ...] = ("in-out", "in-in")
SESSION_RULES: tuple[SessionRule, ...] = (
    {"session_decay": "rank", "session_items": 10},
    {"session_decay": "exponential", "session_items": 10, "half_life": 1.0},
    {"session_decay": "exponential", "session_items": 20, "half_life": 3.0},
    {"session_decay": "rank", "session_items": 50},
)
LAST: SessionRule = {"session_decay": "last"}
PROMISING = 2  # readings that are tried with every session rule


@dataclass(frozen=True)
class Tried:
    """Settings, and their NDCG@20 on validation: after one item, and in a session. recent: the best session rule that
    looks at more than the last item."""

    name: str
    config: RecommenderConfig
    recent: SessionRule
    item: float
    session: float

    @property
    def value(self) -> float:
        return (self.item + self.session) / 2


def try_readings(board: Board, materials: Materials, config: RecommenderConfig) -> list[Tried]:
    """The best first. All answer for one item; the promising ones are read with every session rule."""
    following = materials.spaces.next
    asked = []
    # With one matrix in both places, the other readings are these two again.
    for reading in READINGS if following.inputs is not following.outputs else ONE_MATRIX:
        scorer = materials.scorer(alone(config, reading))
        asked.append((reading, scorer, *board.vectors(scorer, one_item=True)))
    asked.sort(key=lambda found: -found[2])
    tried = []
    for reading, scorer, item, popular in asked[:PROMISING]:
        found: list[tuple[float, SessionRule, float]] = []
        for rule in SESSION_RULES:
            value, weight = board.vectors(scorer.with_config(scorer.config.model_copy(update=rule)), one_item=False)
            found.append((value, rule, weight))
        recent = max(found, key=lambda f: f[0])
        value, rule, weight = max([recent, (item, LAST, popular)], key=lambda f: f[0])
        weights = {"item": _weights(popular), "session": _weights(weight)}
        tried.append(
            Tried(f"vectors {reading}", scorer.config.model_copy(update=rule | weights), recent[1], item, value)
        )
    return sorted(tried, key=lambda t: -t.value)


def alone(config: RecommenderConfig, reading: Reading) -> RecommenderConfig:
    """Vectors only."""
    return config.model_copy(update={"next_reading": reading, "item": _weights(0), "session": _weights(0)})


def rule_of(config: RecommenderConfig) -> SessionRule:
    return {name: getattr(config, name) for name in ("session_decay", "session_items", "half_life")}


def best(tried: Sequence[Tried]) -> Tried:
    """Among equals the one tried first."""
    return max(tried, key=lambda t: t.value)


def _weights(popular: float) -> dict[str, float]:
    return {"vectors": 1.0, **({"popular": popular} if popular else {})}
