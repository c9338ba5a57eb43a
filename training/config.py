"""The settings of a training, one frozen TrainConfig: flags go before the TOML file, the file before the defaults.

Every setting is described once, here: the help of the commands shows this text, docs/configuration.md repeats it.
"""

import logging
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from index.ranking.settings import RecommenderConfig
from store.times.numbers import NUMBER_FORMS
from store.times.reading import check_rule
from training.codec import codec

log = logging.getLogger(__name__)

MINUTES = 10 * 365 * 24 * 60.0  # of ten years: a longer pause is no pause

SESSION = "(session)"  # the column that rows of sessions have without being asked

T = TypeVar("T")


def setting(default: T, description: str, **limits: Any) -> T:
    """A field with its one description. limits: as pydantic's Field takes them."""
    return cast(T, Field(default, description=description, **limits))


class Settings(BaseModel):
    """Base of the sections: frozen, and an unknown name is an error. Every number has a least and a largest value: one
    beyond what makes sense would train for ever, or run out of memory, and say nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Tool = Literal[
    "gorse", "personalize", "metarank", "recbole", "movielens", "yoochoose", "retailrocket", "instacart", "lastfm"
]


class EventsConfig(Settings):
    """Where the log is and what its columns are called."""

    paths: tuple[str, ...] = setting((), "files, folders or globs of the log (CSV, JSON, Parquet, Arrow, ORC)")
    items: tuple[str, ...] = setting(
        (), "metadata of the items: files, folders or globs with the item id and any of title, category, available, ..."
    )
    items_id: str | None = setting(
        None, "column of the item id in the metadata; without it, the log's, or the one whose values are in the log"
    )
    items_format: Literal["auto", "csv", "jsonl", "parquet", "arrow", "orc"] = setting(
        "auto", "format of the metadata; auto: by the name of each file, else as the log's"
    )
    items_header: Literal["auto", "yes", "no"] = setting(
        "auto", "whether the first line of CSV files of the metadata names the columns"
    )
    items_columns: tuple[str, ...] = setting((), "names of all columns, in order, for CSV files of the metadata")
    items_delimiter: str | None = setting(
        None,
        "delimiter of the metadata; without it, the log's where it fits, else detected",
        min_length=1,
        max_length=4,
    )
    items_quoting: Literal["auto", "none"] = setting(
        "auto", "none: quotes in CSV files of the metadata are characters like any other; auto: as in the log"
    )
    items_encoding: str = setting("auto", "encoding of the metadata; auto: the log's where it fits, else guessed")
    items_lists: tuple[str, ...] = setting(
        (), "fields of the metadata whose texts are lists, with bars, semicolons or commas between: genres, tags, ..."
    )
    preset: Tool | None = setting(None, "whose files they are: columns, delimiters, times and items are then known")
    format: Literal["auto", "csv", "jsonl", "parquet", "arrow", "orc"] = setting(
        "auto", "format of the files; auto: by the name of each"
    )
    rows: Literal["events", "sessions"] = setting(
        "events", "what a row is: one event; or a session, with its ids in a list, or in a text with separators"
    )
    separator: str | None = setting(
        None,
        "what stands between the ids of a session in a text; without it, it is detected (needs rows sessions)",
        min_length=1,
        max_length=4,
    )
    user: str = setting("user_id", "column of the user id; here and below, a.b is the field b inside the column a")
    item: str = setting("item_id", "column of the item id, in the log and in the metadata")
    time: str = setting("timestamp", "column of the time: numbers since 1970 (s, ms, us or ns), or text")
    session: str | None = setting(None, "column of the session id; without it, sessions are cut by pauses")
    event_type: str | None = setting(None, "column of the event type")
    event_types: tuple[str, ...] = setting((), "keep only events of these types (needs event_type)")
    conversion_types: tuple[str, ...] = setting(
        (), "event types that are conversions: booked, bought, ... (needs event_type)"
    )
    dwell: str | None = setting(None, "column of the dwell time in seconds")
    weight: str | None = setting(None, "column of the event's weight (a number >= 0)")
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = setting(
        "auto", "unit of numeric times; auto: by the size of each number"
    )
    time_format: str | None = setting(
        None,
        "format of the times, where they are not read by themselves: of strptime (%d/%m/%Y %H:%M), or a form of "
        f"numbers ({', '.join(NUMBER_FORMS)})",
    )
    time_zone: str = setting("UTC", "zone of times that say none: Europe/Berlin, or an offset such as +02:00")
    header: Literal["auto", "yes", "no"] = setting(
        "auto",
        "whether the first line of CSV files names the columns; auto: unless all are named by number, or by columns",
    )
    columns: tuple[str, ...] = setting(
        (), "names of all columns, in order, for CSV files without them; else columns are called 1, 2, ..."
    )
    delimiter: str | None = setting(
        None, "delimiter of CSV files, of 1 to 4 characters; without it, it is detected", min_length=1, max_length=4
    )
    quoting: Literal["auto", "none"] = setting(
        "auto", "none: quotes in CSV files are characters like any other; auto: they enclose values, as usual"
    )
    encoding: str = setting(
        "auto", "encoding of CSV files and JSON lines, as Python calls it; auto: UTF-8 where it is that, else guessed"
    )
    unknown_users: Literal["auto", "single", "reject", "keep"] = setting(
        "auto",
        "rows of users who are not known (guest, null, ...) where no session is given: each a session of one event "
        "(single), rejected, or kept as if it were one user; auto: single, but rejected where there is no id at all",
    )
    max_bad_share: float = setting(0.05, "the training stops if a larger share of the rows is rejected", ge=0, le=1)
    memory_mb: int = setting(
        1500,
        "memory in MB for the events, and as much for the reader; what does not fit goes to disk",
        ge=200,
        le=1 << 22,
    )

    @field_validator("items", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        """One path, as settings of former releases have it, or none."""
        return () if given is None else (str(given),) if isinstance(given, str | PathLike) else given

    @field_validator("delimiter", "items_delimiter", mode="before")
    @classmethod
    def _typed_delimiter(cls, value: Any) -> Any:
        """A tab as people type it."""
        return {"tab": "\t", "TAB": "\t"}.get(value, value.replace("\\t", "\t")) if isinstance(value, str) else value

    @field_validator("delimiter", "items_delimiter")
    @classmethod
    def _delimiter_can_be_told(cls, value: str | None) -> str | None:
        if value is not None and (set(value) & set('"\r\n\\') or len(value.encode()) > 4):
            raise ValueError(
                "a delimiter is 1 to 4 characters, of 4 bytes at most, and no quote, backslash or end of line"
            )
        return value

    @field_validator("columns", "items_columns")
    @classmethod
    def _columns_differ(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        value = tuple(value[0].split(",")) if len(value) == 1 else value
        names = [name.strip() for name in value]
        if len(set(map(str.lower, names))) < len(names) or not all(names):
            raise ValueError("each column needs a name of its own; letter case makes no difference")
        return tuple(names)

    @field_validator("encoding", "items_encoding")
    @classmethod
    def _encoding_is_known(cls, value: str) -> str:
        return value if value == "auto" else codec(value)

    @model_validator(mode="after")
    def _times_can_be_read(self) -> "EventsConfig":
        try:
            check_rule(self.time_format or "", self.time_zone)
        except ValueError as error:
            raise ValueError(f"time_format or time_zone: {error}") from None
        if self.time_format is not None and self.time_unit != "auto":
            raise ValueError("time_unit is of numbers since 1970, and time_format of others: give one of them")
        return self

    @model_validator(mode="after")
    def _types_need_a_column(self) -> "EventsConfig":
        # A preset knows the column.
        if (self.event_types or self.conversion_types) and self.event_type is None and self.preset is None:
            raise ValueError("event_types and conversion_types need event_type, the column to look in")
        return self

    @model_validator(mode="before")
    @classmethod
    def _a_row_gives_its_session(cls, given: Any) -> Any:
        """Rows that are sessions have a column that says which, and all that asks for given sessions finds it."""
        if isinstance(given, dict):
            sessions, session = given.get("rows") == "sessions", given.get("session")
            if sessions and session is None:
                return given | {"session": SESSION}
            if not sessions and session == SESSION:
                return given | {"session": None}
        return given

    @model_validator(mode="after")
    def _separators_need_sessions(self) -> "EventsConfig":
        if self.separator is not None and self.rows != "sessions":
            raise ValueError("separator needs rows = sessions: it stands between the ids of a session")
        return self


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
        "hold out the sessions from this time on (ISO 8601, or a number as in the log) instead of a share",
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


class UpdateConfig(Settings):
    """When a retraining of the service only adds the new events to the model that serves."""

    share: float = setting(
        0.25, "as long as fewer events, as a share of the last whole training's, came since it; 0: never", ge=0, le=100
    )
    days: float = setting(7.0, "and as long as the last whole training is no older than this", ge=0, le=3650)


class GateConfig(Settings):
    """What a new model must keep of the one that serves, or it does not take its place."""

    items_kept: float = setting(
        0.2,
        "of the items of the model that serves, the share that the new one must still have; 0: not asked",
        ge=0,
        le=1,
    )
    events_answered: float = setting(
        0.8,
        "the newest events that the new model can answer, as a share of those that the one that serves can; 0: not "
        "asked",
        ge=0,
        le=1,
    )
    log_kept: float = setting(
        0.6,
        "of the sessions or of the events that the model that serves was trained on, the share that must be there "
        "again; 0: not asked",
        ge=0,
        le=1,
    )
    days_back: float = setting(
        7.0, "how many days the newest event may lie before that of the model that serves", ge=0, le=36_500
    )
    compared: bool = setting(
        True, "a model that shares too few test questions with the one that serves is refused, not let through"
    )


class TrainConfig(Settings):
    """Everything a run depends on."""

    events: EventsConfig = EventsConfig()
    sessions: SessionsConfig = SessionsConfig()
    trainer: TrainerConfig = TrainerConfig()
    index: IndexConfig = IndexConfig()
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
