"""Engine, reading, session rule and weights, chosen on validation; nothing here sees the test part.

Cheap beside training skip-gram: every choice is another reading of matrices and counts that are already there.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from index.ranking.settings import COUNTS, LAST, RecommenderConfig
from training.choice.blend import OF_ITEM, OF_SESSION, Blended, Names, blend
from training.choice.board import Board
from training.choice.materials import Materials
from training.choice.readings import Tried, best, try_readings
from training.evaluation.split import Prefixes

# Readings differ by more than weights do, so fewer prefixes tell them apart; in a large catalogue each costs more.
READING_PREFIXES, READING_SCORES, FEWEST = 1000, 30_000_000, 300
# Fewer questions than this share that the last item answers say nothing: whether it may return is not tried then.
ANSWERED_BY_LAST = 0.01
# Another engine than the first must be better by so many standard errors of the paired difference: it costs more.
CLEARLY = 1.0

Trace = dict[str, dict[str, float]]
"""What was tried -> its NDCG@20, by question."""


@dataclass(frozen=True)
class Choice:
    """engine: whose vectors are read. blend: vectors with counts. vectors: the best without counts. trace: each thing
    tried and its NDCG@20. gains: of the blend, NDCG@20 of each prefix, the mean of both questions.

    values: of the two, NDCG@20 on validation, the mean over both questions.
    """

    engine: str
    blend: RecommenderConfig
    vectors: RecommenderConfig
    trace: Trace
    values: dict[Literal["vectors", "blend"], float]
    gains: NDArray[np.float64]

    @property
    def value(self) -> float:
        return (self.values["vectors"] + self.values["blend"]) / 2


def choose(
    engines: Mapping[str, Materials],
    prefixes: Prefixes,
    config: RecommenderConfig,
    threads: int,
    seed: int = 1,
    progress: Callable[[float], None] = lambda _: None,
) -> Choice:
    """Prefixes are of the validation part; vectors and counts of the sessions before it. engines: name -> what was
    trained; the first is taken unless another one is clearly better."""
    found: list[Choice] = []
    trace: Trace = {}
    for done, (engine, materials) in enumerate(engines.items()):
        readings = read(materials, prefixes, config, threads)
        trace |= {f"{engine}: {t.name}": {"item": t.item, "session": t.session} for t in readings}
        # Vectors that are no better alone are not better beside counts, and blending costs more than reading.
        if not found or best(readings).value > found[0].values["vectors"]:
            found.append(choose_weights(engine, materials, prefixes, config, threads, seed, readings=readings))
        progress((done + 1) / len(engines))
    chosen = found[0]
    for other in found[1:]:
        if is_ahead(other.gains, chosen.gains):
            chosen = other
    trace |= {f"{c.engine}: {name}": values for c in found for name, values in c.trace.items()}
    return Choice(chosen.engine, chosen.blend, chosen.vectors, trace, chosen.values, chosen.gains)


def read(materials: Materials, prefixes: Prefixes, config: RecommenderConfig, threads: int) -> list[Tried]:
    """The readings of the vectors alone, the best first."""
    if materials.reading is not None:
        config = config.model_copy(update={"similar_reading": materials.reading})
    affordable = max(FEWEST, min(READING_PREFIXES, READING_SCORES // max(1, len(materials.counted.counts))))
    return try_readings(Board(prefixes.without_last().spread(affordable), threads), materials, config)


def choose_weights(
    engine: str,
    materials: Materials,
    prefixes: Prefixes,
    config: RecommenderConfig,
    threads: int,
    seed: int = 1,
    names: tuple[Names, Names] = (OF_ITEM, OF_SESSION),
    readings: Sequence[Tried] | None = None,
) -> Choice:
    """names: the parts that may be weighed, for one item and for a session. readings: what `read` found."""
    if readings is None:
        readings = read(materials, prefixes, config, threads)
    vectors = best(readings)
    trace: Trace = {t.name: {"item": t.item, "session": t.session} for t in readings}
    # The last item has parts of its own, so the others look at the recent ones.
    recent = vectors.config.model_copy(update=vectors.recent)
    if engine == "spectral":
        # Beside the other parts the plain product is best, or level with the best, on every log that was tried.
        recent = recent.model_copy(update={"next_reading": "in-out"})

    of_last = prefixes.of_last()
    others = prefixes.without_last()
    tried = ways(config.last_may_return, float(of_last.mean()) if len(prefixes) else 0.0)

    def of(one_item: bool, returns: bool) -> tuple[Blended, dict[str, float]]:
        asked, parts = prefixes if returns else others, names[0] if one_item else names[1]
        fitted, alone = blend(materials, recent, asked, one_item, parts, seed, threads, returns)
        return fitted if returns else _missing(fitted, of_last), alone

    # Side by side: the fits are many small products.
    with ThreadPoolExecutor(2) as pool:
        item = pool.submit(of, True, False)
        sessions = {returns: pool.submit(of, False, returns) for returns in tried}
        found = {"item": item.result()}
        by_way = {returns: fit.result() for returns, fit in sessions.items()}
    returns = (len(tried) == 2 and is_ahead(by_way[True][0].gains, by_way[False][0].gains)) or tried == (True,)
    if len(tried) == 2:
        for name, way in (("last may return", True), ("last may not return", False)):
            trace[name] = {"session": by_way[way][0].value}
    found["session"] = by_way[returns]
    for question, (blended, alone) in found.items():
        for name, value in {**alone, "blend": blended.value}.items():
            trace.setdefault(name, {})[question] = value
    blends = {question: blended for question, (blended, _) in found.items()}
    weights = {question: blended.weights for question, blended in blends.items()}
    used = {name.removesuffix(LAST) for parts in weights.values() for name in parts}
    counts = {name: rules for name, rules in COUNTS.items() if name in used}
    chosen = recent.model_copy(update={"counts": counts, "last_may_return": returns, **weights})
    both = (blends["item"].gains + blends["session"].gains) / 2
    values: dict[Literal["vectors", "blend"], float] = {"vectors": vectors.value, "blend": float(both.mean())}
    return Choice(engine, chosen, _without_counts(vectors), trace, values, both)


def ways(last_may_return: Literal["auto"] | bool, answered_by_last: float) -> tuple[bool, ...]:
    """What is tried: may the last item of a session come next? answered_by_last: share of the questions."""
    if last_may_return == "auto":
        return (False, True) if answered_by_last >= ANSWERED_BY_LAST else (False,)
    return (last_may_return,)


def is_ahead(gains: NDArray[np.float64], of: NDArray[np.float64]) -> bool:
    """Whether the mean of the one is above that of the other by more than chance, paired."""
    ahead = gains - of
    return bool(ahead.mean() > CLEARLY * float(ahead.std() / np.sqrt(max(1, len(ahead)))))


def _missing(fitted: Blended, of_last: NDArray[np.bool_]) -> Blended:
    """The same over all questions, of which those that the last item answers are missed."""
    gains = np.zeros(len(of_last))
    gains[~of_last] = fitted.gains
    return replace(fitted, gains=gains, value=float(gains.mean()) if len(gains) else 0.0)


def _without_counts(tried: Tried) -> RecommenderConfig:
    return tried.config.model_copy(update={"counts": {}, "last_may_return": False})
