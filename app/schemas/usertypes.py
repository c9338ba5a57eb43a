"""Requests and replies of user types: which there are, and what users of one go for."""

from pydantic import BaseModel, Field

from app.answers.question import MOST_K, Ask, Fallback
from app.filters.conditions import filter_of
from app.schemas.answers import IGNORED, Filters, Item
from app.schemas.common import Reply
from app.schemas.recommend import TypeName


class TypeQuery(Filters):
    """Parameters of GET /users/types/{type}/recommendations."""

    k: int = Field(10, ge=1, le=MOST_K, description="how many")
    fallback: Fallback = Field("popular", description="behind the items that have a type: popular items; or none")

    def ask(self) -> Ask:
        """Raises RequestError for a filter that cannot be read."""
        conditions = filter_of(self.category, self.filter)
        return Ask(self.k, conditions, tuple(self.exclude), fallback=self.fallback)


class UserType(TypeName):
    events: int = Field(description="events of users of this type that were learnt from")


class TypesReply(Reply):
    columns: list[str] = Field(description="columns of the log whose values make a type; none without types")
    total: int = Field(description="types that there are, with q those that match")
    types: list[UserType] = Field(description="most events first")


class ItemTypeShare(BaseModel):
    label: str = Field(examples=["city=Paris · room_type=entire"])
    share: float = Field(description="of what users of the type do, as expected")
    affinity: float = Field(description="how much nearer to this user type than to users in the mean, as a cosine")


class TypeReply(Reply):
    user_type: TypeName
    item_types: list[ItemTypeShare] = Field(description="the item types they go for most")
    items: list[Item] = Field(description="score: the item's expected share of what users of the type do")
    shortfall_reason: str | None
    reason: str | None
    ignored: list[str] = Field(description=IGNORED)
