"""Requests and responses of the answering routes, as the OpenAPI document shows them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator

from app.answers.question import MOST_K, Ask, Fallback
from app.filters.conditions import filter_of
from app.schemas.common import ItemId, Reply
from index.model import Score

MOST_FIELDS = 50
REASON = "why fallback items come, by the type of the item or of the user; left out where it says nothing"
IGNORED = "items of exclude without a vector: they changed nothing"


class Evidence(BaseModel):
    """What the training sessions say of a pair of items."""

    sessions: int = Field(description="sessions that held both")
    lift: float = Field(description="how many times more often than if they were independent")
    first_before: int = Field(description="sessions in which the first came before the second")
    second_before: int = Field(description="sessions in which it came after")
    distance: float = Field(description="mean number of steps between them")
    last: str | None = Field(description="end of the last such session, ISO 8601; null where the log has no clock")


class Item(BaseModel):
    """One result. Fallback items have no score, and say in `source` where they come from."""

    item_id: str
    title: str | None
    category: str | None
    rank: int = Field(description="from 1")
    score: float | None = Field(
        description="similar: cosine, -1 to 1; next: in standard deviations above the mean; null for fallback items"
    )
    source: Literal["model", "content", "type", "category", "popular"] = Field(
        description="model: by vectors and counts; content: this item, or all that is asked about, was never seen, and "
        "the catalogue says what it is near; type, category, popular: fallback"
    )
    evidence: Evidence | None = Field(default=None, description="with explain=true")


_RESULT: dict[str, Any] = {"item_id": "t000180", "title": "Window of Museums", "category": "Electronic"}
_RESULT |= {"rank": 1, "score": 0.783123, "source": "model"}
_ANSWER: dict[str, Any] = {"item_id": "t000327", "model_version": "20261124-065832", "score": "similar"}
_ANSWER |= {"items": [_RESULT], "shortfall_reason": None}


class SimilarReply(Reply):
    item_id: str
    score: Score
    items: list[Item]
    shortfall_reason: str | None = Field(
        description="why there are fewer than k: filtered, min_score, untrained, catalogue_small; else null"
    )
    reason: str | None = Field(None, description=REASON)
    ignored: list[str] = Field([], description=f"{IGNORED}; left out where there are none")

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWER]})


class Fields(BaseModel):
    """With the fields it has and no others. Thousands of others are one error: to name each takes seconds."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) > MOST_FIELDS:
            raise ValueError("there are more fields than this has")
        return given


class Filters(Fields):
    """What results must pass."""

    category: list[Annotated[str, Field(max_length=1024)]] = Field(
        [], max_length=100, description="any of these categories"
    )
    filter: list[Annotated[str, Field(max_length=2200)]] = Field(
        [],
        max_length=20,
        description="FIELD:OP:VALUE on the items' metadata, OP one of eq, ne, has, lt, le, gt, ge; all must hold",
        examples=[["price:le:20"]],
    )
    exclude: list[ItemId] = Field([], max_length=1000, description="items that must not come back")


class Shape(Filters):
    """What the list should be like."""

    k: int = Field(10, ge=1, le=MOST_K, description="how many")
    min_score: float | None = Field(None, allow_inf_nan=False, description="only items that score at least this")
    diversity: float = Field(0.0, ge=0, le=1, description="0: the best; towards 1: less alike among themselves")
    explain: bool = Field(False, description="with the evidence of each result")
    fallback: Fallback = Field(
        "popular",
        description="for items without a vector: same type, same category, then popular items; or none",
    )

    def ask(self) -> Ask:
        """Raises RequestError for a filter that cannot be read."""
        conditions = filter_of(self.category, self.filter)
        return Ask(self.k, conditions, tuple(self.exclude), self.min_score, self.diversity, self.explain, self.fallback)


class SimilarQuery(Shape):
    """Parameters of GET /similar/{item_id}."""

    score: Score = Field("similar", description="similar: could stand in; next: comes after")


class ItemQuery(SimilarQuery):
    """Parameters of GET /similar."""

    item_id: ItemId = Field(examples=["t000327"])


class AnalogyQuery(Shape):
    """Parameters of GET /analogy."""

    positive: list[ItemId] = Field(min_length=1, max_length=20, description="items that are added")
    negative: list[ItemId] = Field([], max_length=20, description="items that are taken away")


class SimilarBatch(SimilarQuery):
    """Many items at once."""

    # One wrong item is told, not each: there may be half a million of them.
    items: Annotated[list[ItemId], FailFast()] = Field(
        min_length=1, description="the items asked about", examples=[["t000327", "h000012"]]
    )


class BatchEntry(BaseModel):
    item_id: str
    status: int = Field(description="200, or 404 for an unknown item")
    code: str | None = Field(description="error code, see docs/errors.md; null when it worked")
    items: list[Item]
    shortfall_reason: str | None
    reason: str | None = Field(None, description=REASON)


class BatchReply(Reply):
    failed: int = Field(description="entries whose status is not 200")
    ignored: list[str] = Field(description=IGNORED)
    results: list[BatchEntry]


class PlaceReply(BaseModel):
    score: float
    rank: int = Field(description="among all items, for the first")


class ShareReply(Reply):
    attribute: str | None = Field(description="a column of the metadata; null: the item's own vector")
    values: list[str] = Field(description="the item's values in it")
    share: float = Field(description="of the item's vector, 0 to 1")


class ExplainReply(Reply):
    item_id: str
    candidate_id: str
    evidence: Evidence | None
    similar: PlaceReply | None
    next: PlaceReply | None
    parts: dict[str, float] = Field(description="what each part adds to the second's score of next")
    made_of: dict[str, list[ShareReply]] = Field(
        description="what the vectors of `item` and `candidate` are made of, of models with attributes"
    )
    missing: dict[str, str] = Field(description="why the second is not among the stored neighbours, by score")
    content: dict[str, list[str]] = Field(
        description="of an item that was in no session, by its id: the words and attributes that bring it near the "
        "other, the strongest first"
    )
    sentences: list[str] = Field(description="the same in words")


class AnalogyReply(Reply):
    positive: list[str]
    negative: list[str]
    ignored: list[str] = Field(description=IGNORED)
    items: list[Item]
    shortfall_reason: str | None
