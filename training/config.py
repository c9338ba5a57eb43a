"""The settings of a training, one frozen TrainConfig: flags go before the TOML file, the file before the defaults.

Every setting is described once, here: the help of the commands shows this text, docs/configuration.md repeats it.
"""

import json
import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from index.errors import ConfigError
from index.ranking.scorer import RecommenderConfig

log = logging.getLogger(__name__)


class Settings(BaseModel):
    """Base of the sections: frozen, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EventsConfig(Settings):
    """Where the log is and what its columns are called."""

    paths: tuple[str, ...] = Field((), description="files, folders or globs of the log (CSV, CSV.gz, JSONL, Parquet)")
    items: str | None = Field(
        None, description="metadata of the items: a file with the item id and any of title, category, ..."
    )
    format: Literal["auto", "csv", "jsonl", "parquet"] = Field(
        "auto", description="format of the files; auto: by the name of each"
    )
    user: str = Field("user_id", description="column of the user id")
    item: str = Field("item_id", description="column of the item id, in the log and in the metadata")
    time: str = Field("timestamp", description="column of the time: numbers since 1970 (s, ms, us or ns), or ISO 8601")
    session: str | None = Field(None, description="column of the session id; without it, sessions are cut by pauses")
    event_type: str | None = Field(None, description="column of the event type")
    event_types: tuple[str, ...] = Field((), description="keep only events of these types (needs event_type)")
    conversion_types: tuple[str, ...] = Field(
        (), description="event types that are conversions: booked, bought, ... (needs event_type)"
    )
    dwell: str | None = Field(None, description="column of the dwell time in seconds")
    weight: str | None = Field(None, description="column of the event's weight (a number >= 0)")
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = Field(
        "auto", description="unit of numeric times; auto: by the size of each number"
    )
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="delimiter of CSV files; without it, it is detected"
    )
    encoding: Literal["utf-8", "latin-1", "utf-16"] = Field("utf-8", description="encoding of CSV files")
    max_bad_share: float = Field(
        0.05, ge=0, le=1, description="the training stops if a larger share of the rows is rejected"
    )
    memory_mb: int = Field(
        1500,
        ge=200,
        description="memory in MB for the events, and as much for the reader; what does not fit goes to disk",
    )

    @model_validator(mode="after")
    def _types_need_a_column(self) -> "EventsConfig":
        if (self.event_types or self.conversion_types) and self.event_type is None:
            raise ValueError("event_types and conversion_types need event_type, the column to look in")
        return self


class SessionsConfig(Settings):
    """How events become sessions; each rule counts what it removes."""

    gap_minutes: float = Field(30.0, gt=0, description="a pause longer than this starts a new session")
    min_length: int = Field(2, ge=2, description="shorter sessions are dropped")
    max_length: int = Field(10_000, ge=2, description="longer sessions are split into parts of at most this length")
    min_item_count: int = Field(5, ge=1, description="items that occur less often get no vector")
    collapse_repeats: bool = Field(True, description="events that repeat the item just before them are dropped")
    min_dwell: float = Field(
        0.0, ge=0, description="events with a shorter dwell time, in seconds, are dropped (needs dwell)"
    )
    max_user_events: int = Field(100_000, ge=0, description="users with more events are left out as bots; 0: no limit")


Engine = Literal["sgns", "gensim"]


@dataclass(frozen=True)
class Steps:
    """How long and how fast: passes over the sessions, first and last learning rate, linear in between."""

    epochs: int
    first: float
    last: float


# What each engine does well with on all four real logs. Their learning rates mean different things: see
# benchmarks/README.md.
STEPS: dict[Engine, Steps] = {"sgns": Steps(10, 1.0, 0.03), "gensim": Steps(20, 0.1, 1e-4)}


class TrainerConfig(Settings):
    """How vectors are trained."""

    engine: Engine = Field("sgns", description="trainer: our own (sgns), or gensim's Word2Vec")
    dims: int = Field(128, ge=2, le=2048, description="numbers per vector")
    window: int = Field(
        3, ge=1, le=10_000, description="how many items on each side of an item are its context, at most"
    )
    dynamic: bool = Field(
        True,
        description="draw the window of each item from 1 to window, so that near items count more; gensim always does",
    )
    direction: Literal["both", "after"] = Field(
        "both", description="context of an item: what came before and after it, or only after (only with sgns)"
    )
    negatives: int = Field(
        10, ge=1, le=100, description="negatives: items drawn at random for each pair of an item and its context"
    )
    exponent: float = Field(
        0.5, ge=-3, le=3, description="negatives are drawn with a probability proportional to count^exponent"
    )
    sample: float = Field(
        0.0, ge=0, description="items with more than this share of the events are subsampled; 0: none are"
    )
    epochs: int | None = Field(
        None, ge=1, le=10_000, description="passes over the sessions; without it, 10 (sgns) or 20 (gensim)"
    )
    learning_rate: float | None = Field(
        None, gt=0, le=100, description="first step size; without it, 1 (sgns: steps adapt to the item) or 0.1 (gensim)"
    )
    min_learning_rate: float | None = Field(
        None,
        ge=0,
        description="last step size, reached linearly; without it, the first times 0.03 (sgns) or 0.001 (gensim)",
    )
    warm_start: bool = Field(
        False,
        description="the published model starts from the current model's vectors; the measured one starts from scratch",
    )
    workers: int = Field(2, ge=1, le=256, description="threads; with 1 a run can be repeated bit by bit")

    @model_validator(mode="after")
    def _what_gensim_cannot(self) -> "TrainerConfig":
        if self.engine == "gensim":
            for name in ("direction", "dynamic"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(f"{name} cannot be set with engine gensim; use engine sgns")
        return self

    def steps(self) -> Steps:
        """The settings that are given, and the engine's own where they are not."""
        own = STEPS[self.engine]
        first = own.first if self.learning_rate is None else self.learning_rate
        last = first * own.last / own.first if self.min_learning_rate is None else self.min_learning_rate
        return Steps(own.epochs if self.epochs is None else self.epochs, first, min(first, last))


class IndexConfig(Settings):
    """The nearest-neighbour index."""

    exact_below: int = Field(20_000, ge=0, description="the index is exact (flat) up to this many items")
    min_recall: float = Field(0.99, gt=0, le=1, description="recall@10 that an approximate index must reach")
    neighbours: int = Field(
        100, ge=1, le=1000, description="how many neighbours of each item are computed in advance and stored"
    )


@dataclass(frozen=True)
class PlannedTraining:
    """One of a run's trainings, and the share of the sessions it is given."""

    name: Literal["to choose weights on", "to measure", "to publish"]
    share: float


class EvaluationConfig(Settings):
    """What is held out, and what is measured with it."""

    split: Literal["auto", "time", "session", "last"] = Field(
        "auto",
        description="what is held out. time: the newest sessions; session: random sessions; last: the last item of "
        "each session; auto: time if the log has clock times, otherwise session",
    )
    test_share: float = Field(0.1, gt=0, lt=0.9, description="share of the sessions that is held out")
    test_from: str | None = Field(
        None, description="hold out the sessions that start at or after this time (ISO 8601) instead of a share"
    )
    validation_share: float = Field(
        0.1, gt=0, lt=0.9, description="share of the training sessions that is held out to choose weights on"
    )
    prefixes: int = Field(10_000, ge=10, description="rank at most this many prefixes of the test sessions")
    bootstrap: int = Field(1000, ge=10, description="how often the sessions are resampled for each interval")
    baselines: bool = Field(True, description="measure all baselines beside the model; without it, only popularity")
    blend: bool = Field(
        True, description="choose reading, session rule and weights of the counts on the validation part"
    )
    publish_all: bool = Field(
        True, description="publish a model that is trained on all sessions, with the settings that were measured"
    )

    def trainings(self) -> list[PlannedTraining]:
        """The trainings of one run, in order, as training/evaluation/split.py cuts the sessions."""
        kept = 1.0 if self.split == "last" else 1 - self.test_share
        found = [PlannedTraining("to measure", kept)]
        if self.blend:
            inner = 1.0 if self.split == "last" else 1 - self.validation_share
            found.insert(0, PlannedTraining("to choose weights on", kept * inner))
        if self.publish_all:
            found.append(PlannedTraining("to publish", 1.0))
        return found

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
    trainer: TrainerConfig = TrainerConfig()
    index: IndexConfig = IndexConfig()
    recommender: RecommenderConfig = RecommenderConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    seed: int = Field(1, ge=0, lt=2**31, description="seed of everything random")

    @model_validator(mode="after")
    def _measured_models_start_afresh(self) -> "TrainConfig":
        # The current model has seen the sessions that are held out here.
        if self.trainer.warm_start and not self.evaluation.publish_all:
            raise ValueError("warm_start needs evaluation.publish_all: what is measured must not start warm")
        return self


def write_config(config: TrainConfig, path: Path) -> None:
    """As TOML, all that differs from the defaults; `load_config` reads the same settings back."""
    lines: list[str] = []
    fields = config.model_dump(mode="json", exclude_defaults=True)
    # Top-level values come before the first table; JSON's texts, numbers and lists are TOML's.
    for name, value in sorted(fields.items(), key=lambda pair: isinstance(pair[1], dict)):
        lines += _toml(name, value, ())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(name: str, value: Any, above: tuple[str, ...]) -> list[str]:
    if not isinstance(value, dict):
        return [f"{name} = {json.dumps(value, ensure_ascii=False)}"]
    place = (*above, name)
    inner = sorted(value.items(), key=lambda pair: isinstance(pair[1], dict))
    return [f"\n[{'.'.join(place)}]"] + [line for key, part in inner for line in _toml(key, part, place)]


def load_config(path: Path | None, overrides: Mapping[str, Mapping[str, Any]], **top: Any) -> TrainConfig:
    """Defaults, under the TOML file, under `overrides` (section -> setting -> value; None means not given).

    Raises ConfigError that names the setting.
    """
    tables: dict[str, Any] = {}
    if path is not None:
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"config file {path} does not exist") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"config file {path} cannot be read as TOML: {error}") from error
    for section, settings in overrides.items():
        given = {name: value for name, value in settings.items() if value is not None}
        if given:
            table = tables.setdefault(section, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{path}: {section} must be a table, [{section}]")
            table.update(given)
    tables.update({name: value for name, value in top.items() if value is not None})
    try:
        return TrainConfig.model_validate(tables)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'config'}: {e['msg']}" for e in error.errors()]
        raise ConfigError("; ".join(lines)) from None
