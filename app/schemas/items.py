"""What the routes of the items take and answer."""

import json
import math
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from app.bodies.eventrow import RowError, identifier
from app.live.itemview import ItemView
from app.schemas.common import ModelVersion, Reply, only_list
from index.wording import wrong_value
from store.event import MAX_ID_CHARACTERS, storable
from store.items import MAX_FIELDS

MAX_TEXT_CHARACTERS = 2000
MAX_ELEMENTS = 100  # of a list

# code -> what was wrong with the item; stable, see docs/errors.md.
ITEM_CODES: dict[str, str] = {
    "item_not_object": "the item is not a JSON object",
    "item_missing": "item_id is missing",
    "item_invalid": "item_id is neither text nor a whole number, is blank, too long, or holds what text may not",
    "title_invalid": "title is not text of at most 2,000 characters",
    "category_invalid": "category is not text of at most 2,000 characters",
    "available_invalid": "available is neither true nor false",
    "metadata_invalid": "metadata is not a flat object of at most 50 texts, numbers, truth values, nulls, and lists",
    "item_too_large": "id, title, category and metadata together have more bytes than max_item allows",
    "field_unknown": "the item has a field that items do not have; further fields go into metadata",
}


def _id(value: object) -> str:
    try:
        return identifier(value, "item_id", "item_invalid")
    except RowError as error:
        raise PydanticCustomError("item_invalid", "{detail}", {"detail": error.detail}) from None


def _plain(text: str) -> str:
    if not storable(text):
        raise PydanticCustomError("text_invalid", "text must not hold half a surrogate pair or a NUL")
    return text


def _scalar(value: object) -> object:
    """Bool before number, as bool is an int. Raises PydanticCustomError."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= MAX_TEXT_CHARACTERS:
        return _plain(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    # What all readers of JSON take for the same whole number, and both databases too.
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    raise PydanticCustomError(
        "metadata_invalid",
        "a value must be text of at most 2,000 characters, a finite number, true, false, null, or a list of at most "
        f"{MAX_ELEMENTS} of these but null",
    )


def _value(value: object) -> object:
    """As `_scalar`, or a flat list of such. Raises PydanticCustomError."""
    if isinstance(value, list) and len(value) <= MAX_ELEMENTS and None not in value:
        return [_scalar(element) for element in value]
    return _scalar(value)


Id = Annotated[
    str,
    BeforeValidator(
        _id, json_schema_input_type=int | Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARACTERS)]
    ),
]
Text = Annotated[StrictStr, Field(max_length=MAX_TEXT_CHARACTERS), AfterValidator(_plain)]
Name = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]
Scalar = str | float | int | bool
Elements = Annotated[list[Scalar], Field(max_length=MAX_ELEMENTS)]
Value = Annotated[Any, BeforeValidator(_value, json_schema_input_type=Scalar | Elements | None)]
Metadata = Annotated[
    dict[Name, Value],
    Field(max_length=MAX_FIELDS, examples=[{"price": 12.5, "colour": "red", "genres": ["jazz", "blues"]}]),
]


class ItemIn(BaseModel):
    """An item as PUT takes it: all of it, in place of what was stored."""

    model_config = ConfigDict(extra="forbid")

    item_id: Id = Field(description="any unicode; whole numbers are taken by their digits", examples=["t000327"])
    title: Text | None = Field(None, examples=["Window of Museums"])
    category: Text | None = Field(None, examples=["Electronic"])
    available: StrictBool = Field(True, description="false: known, but never in an answer")
    metadata: Metadata = Field({}, description="further fields, flat; null is the same as no field")


class ItemPatch(BaseModel):
    """Only the given fields change."""

    model_config = ConfigDict(extra="forbid")

    title: Text | None = Field(None, description="null removes it")
    category: Text | None = Field(None, description="null removes it")
    available: StrictBool = Field(True, description="false: never in an answer from now on", examples=[False])
    metadata: Metadata = Field({}, description="merged by key; null removes a key")


@dataclass(frozen=True)
class ItemReply(ItemView):
    """One item, as the service knows it now."""

    model_version: ModelVersion


class ItemsReply(Reply):
    items: list[ItemView] = Field(description="in the order of their ids")
    next_cursor: str | None = Field(description="for the next page; null at the end")


class RejectedItem(BaseModel):
    index: int = Field(description="of the item in the request, from 0", examples=[3])
    code: str = Field(
        description="stable, see docs/errors.md",
        examples=["item_missing"],
        json_schema_extra={"enum": list(ITEM_CODES)},
    )
    detail: str = Field(examples=["item_id: is missing"])


class PutReply(Reply):
    stored: int = Field(description="items that are stored now; of two with one id the later", examples=[2])
    rejected: list[RejectedItem] = Field(description="items that were refused")


class DeletedReply(Reply):
    item_id: str
    deleted: bool = Field(examples=[True])


def item_error(item: object, error: ValidationError) -> tuple[str, str]:
    """(code, detail) of the first thing wrong; the detail is ASCII, whatever the item held."""
    first = error.errors(include_input=False, include_url=False)[0]
    if not first["loc"] and isinstance(item, dict):
        return "field_unknown", "the name of a field is not text: it holds half a surrogate pair"
    if not first["loc"]:
        return "item_not_object", "an item is a JSON object"
    place = json.dumps(".".join(str(part) for part in first["loc"]))[1:-1]
    detail = f"{place if len(place) <= 80 else place[:77] + '...'}: {wrong_value(first)}"
    if first["type"] == "extra_forbidden":
        return "field_unknown", f"{detail}; further fields go into metadata"
    field = str(first["loc"][0])
    if field == "item_id":
        missing = isinstance(item, dict) and item.get("item_id") is None
        return "item_missing" if missing else "item_invalid", detail
    return f"{field}_invalid", detail


def _request(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


_ITEM = {"item_id": "t000327", "title": "Window of Museums", "category": "Electronic", "metadata": {"price": 9}}
ITEMS_REQUEST = _request(only_list("items", ItemIn.model_json_schema()), {"items": [_ITEM]})
ITEM_REQUEST = _request(ItemPatch.model_json_schema(), {"available": False})
