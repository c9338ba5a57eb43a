"""One item as the service knows it now."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field


# Shown over HTTP as it is. Not a dataclass of pydantic's: GET /items makes one of every item there is, and checking
# them would double that.
@dataclass(frozen=True)
class ItemView:
    """One item as the service knows it now."""

    item_id: Annotated[str, Field(examples=["t000327"])]
    title: Annotated[str | None, Field(examples=["Window of Museums"])]
    category: Annotated[str | None, Field(examples=["Electronic"])]
    available: bool
    metadata: Annotated[dict[str, Any], Field(examples=[{"price": 12.5}])]
    trained: Annotated[bool, Field(description="whether the model has a vector of it")]
    sessions_count: Annotated[
        int | None, Field(description="occurrences in the training sessions; null where none are known")
    ]
