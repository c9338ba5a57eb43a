"""Request and reply of POST /rank."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.answers import Fields
from app.schemas.common import ItemId, Reply
from index.ranking.rank import WEIGHTS

MOST_CANDIDATES, MOST_EVENTS = 1000, 500


class ItemEvent(Fields):
    """What the user did to an item."""

    item_id: ItemId
    time: float | str | None = Field(
        None, description="epoch seconds or ISO 8601; sorts the events of a kind where all of them have one"
    )


Weight = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]
Events = Annotated[list[ItemId | ItemEvent], Field(max_length=MOST_EVENTS)]


class Weights(Fields):
    """What each similarity counts in the score; a negative one repels."""

    clicked: Weight = WEIGHTS["clicked"]
    long_clicked: Weight = WEIGHTS["long_clicked"]
    skipped: Weight = WEIGHTS["skipped"]
    wishlisted: Weight = WEIGHTS["wishlisted"]
    contacted: Weight = WEIGHTS["contacted"]
    converted: Weight = WEIGHTS["converted"]
    last_long_click: Weight = WEIGHTS["last_long_click"]


class RankRequest(Fields):
    """Candidates, and what the user did: ids, or objects with a time; oldest first."""

    candidates: list[ItemId] = Field(
        min_length=1, max_length=MOST_CANDIDATES, description="the items to rank", examples=[["t000327", "h000012"]]
    )
    clicked: Events = Field([], description="items that were opened")
    long_clicked: Events = Field([], description="items that were looked at for long, say a minute")
    skipped: Events = Field([], description="items that were shown and passed over for a later one")
    wishlisted: Events = Field([], description="items that were put on a list")
    contacted: Events = Field([], description="items whose seller was asked")
    converted: Events = Field([], description="items that were booked or bought")
    weights: Weights = Field(Weights(), description="of the similarities in the score")
    segment: str | None = Field(
        None,
        max_length=1024,
        description="field of the metadata, such as a market: each of its values has a centroid of its own; null: as "
        "the service is set, else as the model was trained; empty: none",
    )
    since: float | str | None = Field(
        None, description="events with an earlier time do not count; null: the last two weeks, or as the service is set"
    )


class Similarities(BaseModel):
    """Largest cosine to the centroid of a segment of these events, -1 to 1; null where there are none."""

    clicked: float | None
    long_clicked: float | None
    skipped: float | None
    wishlisted: float | None
    contacted: float | None
    converted: float | None
    last_long_click: float | None = Field(description="to the last of long_clicked alone")


class Candidate(BaseModel):
    item_id: str
    title: str | None
    category: str | None
    available: bool = Field(description="false: the catalogue hides it, or it was deleted")
    rank: int | None = Field(description="from 1; null without a vector")
    score: float | None = Field(description="-1 to 1: weighted mean of the similarities; null where there are none")
    similarities: Similarities


_RESULT: dict[str, Any] = {"item_id": "t000180", "title": "Window of Museums", "category": "Electronic"}
_RESULT |= {"available": True, "rank": 1, "score": 0.61}
_RESULT["similarities"] = {**dict.fromkeys(WEIGHTS), "clicked": 0.61}


class RankReply(Reply):
    items: list[Candidate] = Field(description="best first; those without a vector at the end, in the order they came")
    unknown: list[str] = Field(description="candidates and items of events without a vector")
    old: dict[str, int] = Field(description="events that were too long ago to count, by kind")
    segment: str | None = Field(description="the field that segments were made of")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model_version": "20261124-065832", "items": [_RESULT], "unknown": [], "old": {}, "segment": None}
            ]
        }
    )
