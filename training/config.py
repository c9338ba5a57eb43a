"""The settings of a training, one frozen TrainConfig: flags go before the TOML file, the file before the defaults.

Every setting is described once, here: the help of the commands shows this text, docs/configuration.md repeats it.
"""

import logging
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import model_validator

from index.ranking.settings import RecommenderConfig
from training.eventsconfig import EventsConfig
from training.objective.settings import ObjectiveConfig
from training.replacement import GateConfig, UpdateConfig
from training.setting import Settings, setting
from training.typesconfig import TypesConfig

log = logging.getLogger(__name__)

MINUTES = 10 * 365 * 24 * 60.0  # of ten years: a longer pause is no pause


class SessionsConfig(Settings):
    """How events become sessions; each rule counts what it removes."""

    gap_minutes: float = setting(30.0, "a pause longer than this starts a new session", gt=0, le=MINUTES)
    min_length: int = setting(2, "shorter sessions are dropped", ge=2, le=1000)
    max_length: int = setting(10_000, "longer sessions are split into parts of at most this length", ge=2, le=1_000_000)
    min_item_count: int = setting(5, "items that occur less often get no vector", ge=1, le=1_000_000)
    collapse_repeats: Literal["auto"] | bool = setting(
        "auto",
        "events that repeat the item just before them are dropped; auto: unless they are part of what people do",
    )
    min_dwell: float = setting(
        0.0, "events with a shorter dwell time, in seconds, are dropped (needs dwell)", ge=0, le=86_400
    )
    max_user_events: int = setting(100_000, "users with more events are left out as bots; 0: no limit", ge=0, le=10**9)
    half_life_days: float = setting(
        0.0,
        "the weight of a session halves with each so many days of its age; 0: age does not count",
        ge=0,
        le=36_500,
    )

    @model_validator(mode="after")
    def _some_length_is_left(self) -> "SessionsConfig":
        if self.min_length > self.max_length:
            raise ValueError("min_length is larger than max_length: no session would be left")
        return self


class SpectralConfig(Settings):
    """The closed form: which pairs are counted, and how their counts are factorised."""

    window: int = setting(2, "how many steps apart two items of a pair may be", ge=1, le=1000)
    decay: Literal["inverse", "linear", "flat"] = setting(
        "inverse", "weight of a pair d steps apart: 1/d, 1 - (d - 1)/window, or 1"
    )
    behind: float = setting(
        0.0, "vectors for next: weight of what came before an item beside what came after it", ge=0, le=1
    )
    behind_similar: float = setting(1.0, "vectors for similar: the same weight", ge=0, le=1)
    power: float = setting(0.5, "counts are raised to this power", gt=0, le=1)
    degree: float = setting(0.25, "and divided by (sum of the row x sum of the column)^degree", ge=0, le=1)
    products: int = setting(3, "sparse products: few smooth, many decompose exactly", ge=2, le=50)
    split: float = setting(
        0.5, "vectors for next: share of the singular values that the input vectors take", ge=0, le=1
    )
    split_similar: float = setting(1.0, "vectors for similar: the same share", ge=0, le=1)


Engine = Literal["auto", "spectral", "sgns", "gensim"]


@dataclass(frozen=True)
class Steps:
    """How long and how fast: passes over the sessions, first and last learning rate, linear in between."""

    epochs: int
    first: float
    last: float


# What each engine does well with on all four real logs. Their learning rates mean different things: see
# benchmarks/README.md.
STEPS = {"sgns": Steps(10, 1.0, 0.03), "gensim": Steps(20, 0.1, 1e-4)}


class TrainerConfig(Settings):
    """How vectors are trained."""

    engine: Engine = setting(
        "auto",
        "trainer: the closed form (spectral), our skip-gram (sgns), or gensim's Word2Vec; auto: the closed form, and "
        "skip-gram where validation says that it is better",
    )
    dims: int = setting(128, "numbers per vector", ge=2, le=2048)
    window: int = setting(3, "how many items on each side of an item are its context, at most", ge=1, le=1000)
    dynamic: bool = setting(
        True, "draw the window of each item from 1 to window, so that near items count more; gensim always does"
    )
    direction: Literal["both", "after"] = setting(
        "both", "context of an item: what came before and after it, or only after (only with sgns)"
    )
    negatives: int = setting(
        10, "negatives: items drawn at random for each pair of an item and its context", ge=1, le=100
    )
    exponent: float = setting(0.5, "negatives are drawn with a probability proportional to count^exponent", ge=-3, le=3)
    sample: float = setting(
        0.0, "items with more than this share of the events are subsampled; 0: none are", ge=0, le=1
    )
    epochs: int | None = setting(None, "passes over the sessions; without it, 10 (sgns) or 20 (gensim)", ge=1, le=1000)
    learning_rate: float | None = setting(
        None, "first step size; without it, 1 (sgns: steps adapt to the item) or 0.1 (gensim)", gt=0, le=100
    )
    min_learning_rate: float | None = setting(
        None,
        "last step size, reached linearly; without it, the first times 0.03 (sgns) or 0.001 (gensim)",
        ge=0,
        le=100,
    )
    warm_start: bool = setting(
        False, "the published model starts from the current model's vectors; the measured one starts from scratch"
    )
    workers: int = setting(2, "threads; with 1 a run can be repeated bit by bit", ge=1, le=256)
    spectral: SpectralConfig = SpectralConfig()

    @model_validator(mode="after")
    def _what_gensim_cannot(self) -> "TrainerConfig":
        if self.engine == "gensim":
            for name in ("direction", "dynamic"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(f"{name} cannot be set with engine gensim; use engine sgns")
        return self

    def steps(self) -> Steps:
        """The settings that are given, and the engine's own where they are not."""
        own = STEPS.get(self.engine, STEPS["sgns"])
        first = own.first if self.learning_rate is None else self.learning_rate
        last = first * own.last / own.first if self.min_learning_rate is None else self.min_learning_rate
        return Steps(own.epochs if self.epochs is None else self.epochs, first, min(first, last))


class IndexConfig(Settings):
    """The nearest-neighbour index."""

    exact_below: int = setting(100_000, "the index is exact (flat) up to this many items", ge=0, le=10**9)
    min_recall: float = setting(0.99, "recall@10 that an approximate index must reach", gt=0, le=1)
    neighbours: int = setting(100, "how many neighbours of each item are computed in advance and stored", ge=1, le=1000)
    map: bool = setting(True, "draw a map of the items from their neighbours, which the explorer shows")


class ColdConfig(Settings):
    """Items without a past: in the catalogue, and in no session."""

    method: Literal["map", "nearest", "mean", "off"] = setting(
        "map",
        "how they get vectors. map: ridge regression from words and attributes; nearest: the mean of the three items "
        "that share most with them; mean: the mean of their words' and attributes' vectors; off: none",
    )
    features: int = setting(20_000, "words, pairs of words and values that are looked at, at most", ge=1, le=1_000_000)


class EvaluationConfig(Settings):
    """What is held out, and what is measured with it."""

    split: Literal["auto", "time", "session", "last"] = setting(
        "auto",
        "what is held out. time: the newest sessions; session: random sessions; last: the last item of "
        "each session; auto: time if the log has clock times, otherwise session",
    )
    test_share: float = setting(0.1, "share of the sessions that is held out", gt=0, lt=0.9)
    test_from: str | None = setting(
        None,
        "hold out the sessions from this time on (a time as in the log, or as people write it) instead of a share",
    )
    validation_share: float = setting(
        0.1, "share of the training sessions that is held out to choose weights on", gt=0, lt=0.9
    )
    prefixes: int = setting(10_000, "rank at most this many prefixes of the test sessions", ge=10, le=10_000_000)
    bootstrap: int = setting(1000, "how often the sessions are resampled for each interval", ge=10, le=100_000)
    baselines: bool = setting(True, "measure all baselines beside the model; without it, only popularity")
    blend: bool = setting(True, "choose reading, session rule and weights of the counts on the validation part")
    publish_all: bool = setting(
        True, "publish a model that is trained on all sessions, with the settings that were measured"
    )

    def trainings(self) -> list[tuple[str, float]]:
        """The trainings of one run, in order, each with the share of the sessions that it is given."""
        # As training/evaluation/split.py cuts the sessions.
        kept, inner = (1.0, 1.0) if self.split == "last" else (1 - self.test_share, 1 - self.validation_share)
        choosing = [("to choose weights on", kept * inner)] if self.blend else []
        publishing = [("to publish", 1.0)] if self.publish_all else []
        return [*choosing, ("to measure", kept), *publishing]

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, given: Any) -> Any:
        """`referees` is the former name of `baselines`; it is understood for one release."""
        if isinstance(given, dict) and "referees" in given:
            log.warning("setting evaluation.referees is now called evaluation.baselines")
            given = {"baselines": given["referees"], **{k: v for k, v in given.items() if k != "referees"}}
        return given


class TrainConfig(Settings):
    """Everything a run depends on."""

    events: EventsConfig = EventsConfig()
    sessions: SessionsConfig = SessionsConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    types: TypesConfig = TypesConfig()
    trainer: TrainerConfig = TrainerConfig()
    index: IndexConfig = IndexConfig()
    cold: ColdConfig = ColdConfig()
    recommender: RecommenderConfig = RecommenderConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    update: UpdateConfig = UpdateConfig()
    gate: GateConfig = GateConfig()
    seed: int = setting(1, "seed of everything random", ge=0, lt=2**31)

    @model_validator(mode="after")
    def _measured_models_start_afresh(self) -> "TrainConfig":
        # The current model has seen the sessions that are held out here.
        if self.trainer.warm_start and not self.evaluation.publish_all:
            raise ValueError("warm_start needs evaluation.publish_all: what is measured must not start warm")
        return self

    @property
    def dislikes(self) -> bool:
        """Whether dislikes count as something."""
        return bool(self.events.dislike_types) and self.objective.dislike_weight > 0

    @model_validator(mode="after")
    def _conversions_are_named(self) -> "TrainConfig":
        if self.objective.converts and not self.events.conversion_types:
            raise ValueError("conversion_context and conversion_weight need events.conversion_types: what converts")
        return self

    @model_validator(mode="after")
    def _types_of_conversions(self) -> "TrainConfig":
        if self.types.conversions and not self.events.conversion_types:
            raise ValueError("types.conversions needs events.conversion_types: what converts")
        return self

    @model_validator(mode="after")
    def _what_gensim_has_no_place_for(self) -> "TrainConfig":
        given = {
            "type_weights": self.events.type_weights,
            "half_life_days": self.sessions.half_life_days,
            "conversion_context": self.objective.conversion_context,
            "conversion_weight": self.objective.conversion_weight != 1,
            "dislike_weight": self.dislikes,
            "segment_negatives": self.objective.segment_negatives,
            "attributes": self.objective.attributes,
        }
        named = [name for name, value in given.items() if value]
        if self.trainer.engine == "gensim" and named:
            raise ValueError(f"{named[0]} cannot be set with engine gensim, which counts all events alike; use sgns")
        return self
