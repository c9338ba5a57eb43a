"""Requests and replies of what comes next: for a live session, for a user."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from app.answers.question import MOST_K, Ask
from app.schemas.answers import REASON, Fields, Item, Shape
from app.schemas.common import ItemId, Reply
from index.errors import RequestError
from index.ranking.mix import Mix

MaxPer = Annotated[int, Field(ge=1, le=MOST_K)]
CAPPED = "at most so many items with the same element in this field of the metadata; k items come as long as enough do"


class MixedShape(Shape):
    """What comes next, with a share of known items."""

    exclude_seen: bool = Field(
        True, description="leave out the session's own items; of a user, those of all its events"
    )
    discovery: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of the list that is new, the rest being known items, in place of exclude_seen; null: as "
        "that says",
    )

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        wants_known = self.discovery is not None and self.discovery < 1
        if wants_known and self.exclude_seen and "exclude_seen" in self.model_fields_set:
            raise ValueError("discovery below 1 puts known items into the list: leave exclude_seen out")
        return self

    def mixed_ask(self, max_per: Mapping[str, int]) -> Ask:
        """As `ask`, with the mix."""
        if not max_per and self.discovery is None:
            return self.ask()
        return replace(self.ask(), mix=Mix(tuple(max_per.items()), self.discovery))


TYPE = "key or name of the user's type (GET /users/types): asked where the history says nothing; one that is not known "
TYPE += "changes nothing"


class UserQuery(MixedShape):
    """Parameters of GET /users/{user_id}/recommendations."""

    user_type: str | None = Field(None, max_length=2200, description=TYPE)

    max_per: list[Annotated[str, Field(max_length=1100)]] = Field(
        [], max_length=10, description=f"FIELD:N: {CAPPED}", examples=[["artist:2"]]
    )
    half_life_days: float | None = Field(
        None,
        ge=0,
        le=36_500,
        description="an event counts half as much for each so many days that it is older than the newest, and all of "
        "the newest 200 are used; 0: the last few, by their place; null: as the service is set",
    )

    def caps(self) -> dict[str, int]:
        """Raises RequestError."""
        found: dict[str, int] = {}
        for text in self.max_per:
            field, colon, number = text.rpartition(":")
            if not (colon and field and number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= MOST_K):
                raise RequestError(
                    f"max_per {text[:100]!r} is not FIELD:N with N from 1 to {MOST_K}",
                    [("query.max_per", "must be FIELD:N, as artist:2")],
                )
            found[field] = min(int(number[:9]), found.get(field, MOST_K))
        return found


Value = Annotated[str, Field(max_length=1024)] | float | bool | None


class SessionItem(Fields):
    """One event of the live session."""

    item_id: ItemId
    time: float | str | None = Field(None, description="epoch seconds or ISO 8601; sorts the items where all have one")
    weight: float = Field(1.0, gt=0, le=1000, allow_inf_nan=False, description="times the weight of its recency")


class RecommendRequest(MixedShape):
    """A live session, oldest item first."""

    items: list[ItemId | SessionItem] = Field(
        [],
        max_length=1000,
        description="ids, or objects with time and weight; one at least, or user_type or user",
        examples=[["t000327"]],
    )
    user_type: str | None = Field(None, max_length=2200, description=TYPE)
    user: dict[Annotated[str, Field(max_length=1024)], Value] | None = Field(
        None,
        max_length=100,
        description="the user's values by column, in place of user_type",
        examples=[{"country": "fr"}],
    )
    disliked: list[ItemId] = Field([], max_length=100, description="items to stay away from")
    exclude_last: bool | None = Field(
        None,
        description="leave out the last item; false: it may come back, even with exclude_seen; null: as exclude_seen "
        "says, and without it as the model was trained (last_may_return)",
    )
    max_per: dict[Annotated[str, Field(min_length=1, max_length=1024)], MaxPer] = Field(
        {}, max_length=10, description=CAPPED, examples=[{"category": 2}]
    )


class LeftOutReply(BaseModel):
    """Of the k best items by score, how many are not in the list, by cause."""

    max_per: dict[str, int] = Field(description="by field: as many with the same element are in the list")
    discovery: int = Field(description="there are enough new, or enough known items")
    diversity: int = Field(description="they were too much alike others")


class TypeName(BaseModel):
    type: str = Field(
        description="its key: the same in every model, safe in a path", examples=["country-fr-9d0f62e1a4c7"]
    )
    label: str = Field(description="its name", examples=["country=fr"])


class RecommendReply(Reply):
    items: list[Item]
    user_type: TypeName | None = Field(None, description="where one was asked with: null where it is not known")
    reason: str | None = Field(None, description=REASON)
    left_out: LeftOutReply | None = Field(None, description="with max_per or discovery")
    known: list[str] | None = Field(None, description="with discovery: items of the list that are not new")
    unknown: list[str] = Field(description="items of the session without a vector; they were passed over")
    ignored: list[str] = Field(description="items of exclude and disliked without a vector: they changed nothing")
    shortfall_reason: str | None


class UserReply(RecommendReply):
    user_id: str
