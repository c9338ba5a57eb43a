"""The evaluation report: what was measured of a model, beside its baselines. The JSON is `metrics` of a manifest.

A metric is an attribute without its `@`: `row.hr20` is written as "hr@20".
"""

import re
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, SerializerFunctionWrapHandler, model_serializer, model_validator

from index.record import Omitted, Record

Task = Literal["T1", "T2", "T3"]
"""T1: what comes after an item. T2: what comes next in a session. T3: are an item's neighbours alike."""
RankedTask = Literal["T1", "T2"]
TASKS: tuple[Task, ...] = ("T1", "T2", "T3")
RANKED_TASKS: tuple[RankedTask, ...] = ("T1", "T2")

Metric = Literal["hr@10", "hr@20", "mrr@20", "ndcg@10"]
METRICS: tuple[Metric, ...] = ("hr@10", "hr@20", "mrr@20", "ndcg@10")

MODEL = "item2vec"
VECTORS_ALONE = "vectors alone"


def _written(name: str) -> str:
    return re.sub(r"(?<=[a-z])(\d+)$", r"@\1", name)


class Figure(NamedTuple):
    """A mean, or a difference of means, and its 95 % interval. In JSON a list of three."""

    mean: float
    low: float
    high: float


class Part(Record):
    """Base of the report's parts: attributes by their names in Python or in JSON, JSON by the latter."""

    model_config = ConfigDict(
        alias_generator=_written, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class Lead(Part):
    """How far the model is ahead of a method, paired on the same prefixes."""

    hr20: Figure
    mrr20: Figure
    ndcg10: Figure


class Figures(Part):
    """Hit rate, mean reciprocal rank and discounted gain over one set of prefixes."""

    hr10: Figure
    hr20: Figure
    mrr20: Figure
    ndcg10: Figure

    def of(self, metric: Metric) -> Figure:
        found: Figure = getattr(self, metric.replace("@", ""))
        return found


class Row(Figures):
    """A method in one of the ranked tasks. settings: of the baseline, as validation chose them.

    behind_item2vec: None for the model itself. cold_hr20: over targets that training hardly saw, None without any.
    new_items: over targets that are not in their prefix, ranked among such items only; None where that is all of them.
    """

    method: str
    settings: dict[str, Any]
    behind_item2vec: Omitted[Lead] = None
    cold_hr20: Omitted[Figure] = None
    new_items: Omitted[Figures] = None


class SubstitutesRow(Part):
    """A method in T3: the share of ten neighbours that share a category, and the mean Jaccard index of the sets."""

    method: str
    shared_category10: Figure
    jaccard10: Figure


class Tasks(Part):
    """The tables; the model's own row is the first of T1 and of T2. T3 is None where no item has a category."""

    T1: tuple[Row, ...]
    T2: tuple[Row, ...]
    T3: Omitted[tuple[SubstitutesRow, ...]] = None

    def rows(self, task: RankedTask) -> tuple[Row, ...]:
        return self.T1 if task == "T1" else self.T2

    def row(self, task: RankedTask, method: str = MODEL) -> Row | None:
        """None where the method was not measured."""
        return next((row for row in self.rows(task) if row.method == method), None)


class ConversionRanks(Part):
    """Where a method ranks the item that was converted in the end."""

    median_rank: float
    hr20: float


class ConversionPoint(Part):
    """So many clicks before a conversion. methods: by name; in JSON they lie beside the two numbers."""

    clicks_left: int
    sessions: int
    methods: dict[str, ConversionRanks]

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "methods" in given:
            return given
        return {**given, "methods": {name: value for name, value in given.items() if isinstance(value, dict)}}

    @model_serializer(mode="wrap")
    def _spread(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = write(self)
        methods = fields.pop("methods")
        return {**fields, **methods}


class SplitFacts(Part):
    """How the sessions were cut. targets: of the test part, all; None where it was not noted. unknown_targets: left out
    because training does not know them."""

    kind: str
    train_sessions: int
    test_sessions: int
    items: int
    unknown_targets: int
    targets: Omitted[int] = None


class ChosenFacts(Part):
    """What validation decided beside the manifest's `recommender`. vectors: the settings of "vectors alone", as the
    release that wrote them knew them. trace: each thing tried and its NDCG@20 (for "similar" the shared categories)."""

    vectors: dict[str, Any]
    trace: dict[str, dict[str, float]]


class RepeatFacts(Part):
    """Immediate repeats. share: of the log's next events, those of the item just before. kept: whether they were
    trained on. last_may_return: whether the last item of a session may be recommended."""

    share: float
    kept: bool
    last_may_return: bool


class ColdRow(Part):
    """HR@20 in T1 with some items hidden. asked: of questions about hidden items; found: of those that a hidden item
    answers; known: of all others. None where there were no such questions, or the method was not tried on them."""

    method: str
    asked_hr20: float | None
    found_hr20: float | None
    known_hr20: float | None


class ColdFacts(Part):
    """Items without a past, as far as hidden ones tell. items: how many were hidden. asked, found, known: questions of
    each kind. rows: the way that is published first."""

    items: int
    asked: int
    found: int
    known: int
    rows: tuple[ColdRow, ...]


class Report(Part):
    """repeat_share, cold_share: shares of the targets. coverage10, gini10: of the model's lists of ten in T2. repeats:
    None where it was not noted."""

    prefixes: int
    sessions: int
    repeat_share: float
    cold_share: float
    tasks: Tasks
    coverage10: float
    gini10: float
    conversions: tuple[ConversionPoint, ...] = ()
    repeats: Omitted[RepeatFacts] = None
    split: SplitFacts
    chosen: ChosenFacts
    cold: Omitted[ColdFacts] = None
    advice: str
