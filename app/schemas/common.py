"""Requests and responses of the answering routes, as the OpenAPI document shows them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.problems import PROBLEM_JSON

ItemId = Annotated[str, Field(min_length=1, max_length=1024, description="id of an item, any unicode")]


class Reply(BaseModel):
    """Base of every reply."""

    model_config = ConfigDict(protected_namespaces=())

    model_version: str | None = Field(description="version of the model that answered; null while there is none")


class FieldError(BaseModel):
    field: str = Field(description="where in the request", examples=["query.k"])
    message: str = Field(description="what is wrong", examples=["Input should be less than or equal to 500"])


class Problem(BaseModel):
    """RFC 9457. `code` is stable, see docs/errors.md."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:item2vec:problem:item_unknown"])
    title: str = Field(examples=["The id (or title) is neither in the vocabulary nor in the catalogue."])
    status: int = Field(examples=[404])
    code: str = Field(examples=["item_unknown"])
    detail: str = Field(examples=["item 'x9' is neither in the model nor in the catalogue"])
    request_id: str = Field(examples=["6f1c2d00000001"])
    errors: list[FieldError] = Field(default=[], description="the fields that are wrong, where it is about fields")


REASONS = {
    304: "Not modified: If-None-Match names the current model and catalogue",
    401: "No valid key",
    403: "The key lacks the scope, or a browser on another site asks",
    404: "Unknown",
    405: "Not for this method",
    409: "Not in this state",
    413: "Too large",
    415: "Not a type the route reads",
    422: "A field is wrong",
    429: "Too many requests; Retry-After says when to come back",
    431: "Headers too large",
    503: "No model yet, or the database does not answer; Retry-After says when to come back",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=`: each status with its meaning and the Problem schema."""
    return {
        status: {"description": REASONS[status]}
        if status == 304
        else {"description": REASONS[status], "content": {PROBLEM_JSON: {"schema": {"$ref": SCHEMA}}}}
        for status in statuses
    }


SCHEMA = "#/components/schemas/Problem"
READING = (304, 401, 403, 404, 422, 429, 503)


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
    rank: int = Field(description="from 1")
    score: float | None = Field(
        description="similar: cosine, -1 to 1; next: in standard deviations above the mean; null for fallback items"
    )
    source: Literal["model", "category", "popular"] = Field(
        description="model: by vectors and counts; category, popular: fallback"
    )
    title: str | None
    category: str | None
    evidence: Evidence | None = Field(default=None, description="with explain=true")


class SimilarReply(Reply):
    item_id: str
    score: Literal["similar", "next"]
    items: list[Item]
    shortfall_reason: str | None = Field(
        description="why there are fewer than k: filtered, min_score, untrained, catalogue_small; else null"
    )

    model_config = ConfigDict(
        protected_namespaces=(),
        json_schema_extra={
            "examples": [
                {
                    "item_id": "t000327",
                    "model_version": "20261124-065832",
                    "score": "similar",
                    "items": [
                        {
                            "item_id": "t000180",
                            "rank": 1,
                            "score": 0.783123,
                            "source": "model",
                            "title": "Window of Museums",
                            "category": "Electronic",
                        }
                    ],
                    "shortfall_reason": None,
                }
            ]
        },
    )


class Filters(BaseModel):
    """What results must pass."""

    model_config = ConfigDict(extra="forbid")

    category: list[Annotated[str, Field(max_length=1024)]] = Field(
        [], max_length=100, description="any of these categories"
    )
    filter: list[Annotated[str, Field(max_length=2200)]] = Field(
        [],
        max_length=20,
        description="FIELD:OP:VALUE on the items' metadata, OP one of eq, ne, lt, le, gt, ge; all must hold",
        examples=[["price:le:20"]],
    )
    exclude: list[ItemId] = Field([], max_length=1000, description="items that must not come back")


class Shape(Filters):
    """What the list should be like."""

    k: int = Field(10, ge=1, le=500, description="how many")
    min_score: float | None = Field(None, allow_inf_nan=False, description="only items that score at least this")
    diversity: float = Field(0.0, ge=0, le=1, description="0: the best; towards 1: less alike among themselves")
    explain: bool = Field(False, description="with the evidence of each result")
    fallback: Literal["popular", "none"] = Field(
        "popular", description="for items without a vector: same category, then popular items; or none"
    )


class SimilarBatch(Shape):
    """Many items at once."""

    items: list[ItemId] = Field(min_length=1, description="the items asked about", examples=[["t000327", "h000012"]])
    score: Literal["similar", "next"] = Field("similar", description="similar: could stand in; next: comes after")


class BatchEntry(BaseModel):
    item_id: str
    status: int = Field(description="200, or 404 for an unknown item")
    code: str | None = Field(description="error code, see docs/errors.md; null when it worked")
    items: list[Item]
    shortfall_reason: str | None


class BatchReply(Reply):
    failed: int = Field(description="entries whose status is not 200")
    results: list[BatchEntry]


class SessionItem(BaseModel):
    """One event of the live session."""

    model_config = ConfigDict(extra="forbid")

    item_id: ItemId
    time: float | str | None = Field(None, description="epoch seconds or ISO 8601; sorts the items where all have one")
    weight: float = Field(1.0, gt=0, le=1000, allow_inf_nan=False, description="times the weight of its recency")


class RecommendRequest(Shape):
    """A live session, oldest item first."""

    items: list[ItemId | SessionItem] = Field(
        min_length=1, max_length=1000, description="ids, or objects with time and weight", examples=[["t000327"]]
    )
    disliked: list[ItemId] = Field([], max_length=100, description="items to stay away from")
    exclude_seen: bool = Field(True, description="leave out the session's own items")


class RecommendReply(Reply):
    items: list[Item]
    unknown: list[str] = Field(description="items of the session without a vector; they were passed over")
    shortfall_reason: str | None


class UserReply(RecommendReply):
    user_id: str


class PlaceReply(BaseModel):
    score: float
    rank: int = Field(description="among all items, for the first")


class ExplainReply(Reply):
    item_id: str
    candidate_id: str
    evidence: Evidence | None
    similar: PlaceReply | None
    next: PlaceReply | None
    missing: dict[str, str] = Field(description="why the second is not among the stored neighbours, by score")
    sentences: list[str] = Field(description="the same in words")


class AnalogyReply(Reply):
    positive: list[str]
    negative: list[str]
    items: list[Item]
    shortfall_reason: str | None
