"""Replies of what the explorer looks at."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.common import Reply


class MapRegion(BaseModel):
    name: str
    x: int
    y: int
    level: int = Field(description="0 for what is shown first, 1 for what appears as one comes nearer")
    items: int = Field(description="how many it stands for")


class MapReply(Reply):
    items: int
    kept: float = Field(description="of an item's ten nearest, the share that is among its ten nearest on the map")
    view: tuple[int, int, int, int] = Field(description="x0, y0, x1, y1 of the box that nearly all items lie in")
    regions: list[MapRegion]
    categories: list[str] = Field(description="of the points, the most frequent first")
    points: str = Field(description="where the points are", examples=["/map/20261129-014523/points"])
    began_with: str | None = Field(description="the version whose map this one began with")


class MapNames(Reply):
    ids: list[str | None]
    titles: list[str | None]


class VectorsReply(Reply):
    dims: int
    scale: float = Field(description="what 127 stands for")
    vectors: dict[str, str] = Field(description="item id -> signed bytes in base64")
    unknown: list[str] = Field(description="items without a vector")


class SuggestedItem(BaseModel):
    item_id: str
    title: str | None
    category: str | None


class SuggestReply(Reply):
    items: list[SuggestedItem]


class RatesNow(BaseModel):
    requests_per_second: float
    errors_per_second: float = Field(description="answers of 5xx")
    p50_ms: float | None
    p99_ms: float | None
    recall: float | None = Field(description="recall@10 of sampled queries; null before the first")


class StatusReply(Reply):
    serving: bool
    created: datetime | None
    sessions: int | None
    items: int | None
    events: int | None
    hr20: float | None = Field(description="of questions after one item, how many were answered within 20 (T1)")
    hr20_popular: float | None = Field(description="the same of the most popular items")
    interval: tuple[float, float] | None = Field(description="95 % interval of hr20")
    next_step: str | None = Field(description="what to do where nothing can be served yet")
    rates: RatesNow = Field(description="of the process that answers, in the last minute")
