"""What POST /events takes and answers, as the OpenAPI document shows it. app.bodies.eventrow judges the rows."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.bodies.eventbody import LINE_TYPES
from app.bodies.eventrow import ROW_CODES
from app.schemas.common import Reply, only_list
from store.event import MAX_DWELL, MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS, MAX_WEIGHT

RowCode = Annotated[str, Field(json_schema_extra={"enum": list(ROW_CODES)})]


class RejectedRow(BaseModel):
    index: int = Field(description="of the row in the request, from 0; blank lines do not count", examples=[3])
    code: RowCode = Field(description="stable, see docs/errors.md", examples=["item_missing"])
    detail: str = Field(examples=["item_id is missing"])


class EventsReply(Reply):
    accepted: int = Field(description="rows that are stored now, on disk", examples=[2])
    duplicates: int = Field(description="rows whose event_id was stored before, or came twice", examples=[0])
    rejected: list[RejectedRow] = Field(description="rows that were refused, the first 1,000 of them")
    rejected_count: int = Field(description="how many were refused", examples=[1])


class KeptReject(BaseModel):
    seq: int = Field(description="number of the reject", examples=[17])
    received: str = Field(description="ISO 8601, UTC", examples=["2026-11-24T06:58:32.000000Z"])
    request_id: str = Field(description="of the request that held it", examples=["6f1c2d00000001"])
    index: int = Field(description="of the row in that request, from 0", examples=[3])
    code: RowCode = Field(description="stable, see docs/errors.md", examples=["item_missing"])
    detail: str = Field(examples=["item_id is missing"])
    row: str = Field(description="as sent, at most 1,000 characters", examples=['{"user_id": "u1"}'])


class RejectsReply(Reply):
    rejects: list[KeptReject] = Field(description="the newest first")
    before: int | None = Field(description="for the next page; null at the end", examples=[None])


_NO_BLANK = r"^[^\s\x00][^\x00]*$"
_ID = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": MAX_ID_CHARACTERS, "pattern": _NO_BLANK},
        {"type": "integer"},
    ]
}
_TIME = {
    "description": "since 1970 in s, ms, us or ns, by magnitude, or ISO 8601 (without offset: UTC); other texts that a "
    "log may have are read too; now where it is missing",
    "anyOf": [{"type": "number", "minimum": 31_536_000}, {"type": "string", "format": "date-time"}, {"type": "null"}],
}


def _text(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "minLength": 1, "maxLength": MAX_TEXT_CHARACTERS, "description": description}


EVENT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["item_id"],
    "anyOf": [{"required": ["user_id"]}, {"required": ["session_id"]}],
    "properties": {
        "item_id": _ID | {"description": "the item; whole numbers are taken by their digits"},
        "user_id": _ID | {"description": "who; this or session_id, or both"},
        "session_id": _ID | {"description": "the visit, where the client knows it"},
        "time": _TIME,
        "timestamp": _TIME | {"description": "another name of time; give one of them"},
        "event_id": _text("the client's own id: an event sent twice is stored once"),
        "event_type": _text("view, purchase ... as the training's settings name them"),
        "weight": {"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": MAX_WEIGHT},
        "dwell": {"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": MAX_DWELL, "description": "seconds"},
    },
}
_EXAMPLE = [
    {"event_id": "e-1001", "user_id": "u1", "item_id": "t000327", "time": 1_763_967_512, "event_type": "view"},
    {"event_id": "e-1002", "user_id": "u1", "item_id": "t000180", "time": "2026-11-24T06:59:02Z", "dwell": 41.5},
]
_LINES = {
    "schema": {"type": "string", "description": "one JSON object a line"},
    "example": '{"user_id": "u1", "item_id": "t000327"}\n{"user_id": "u1", "item_id": "t000180"}\n',
}
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "description": "Each also with Content-Encoding: gzip.",
    "content": {
        "application/json": {
            "schema": {"anyOf": [{"type": "array", "items": EVENT}, only_list("events", EVENT)]},
            "examples": {
                "array": {"summary": "an array", "value": _EXAMPLE},
                "object": {"summary": "the same in an object", "value": {"events": _EXAMPLE}},
            },
        },
        **dict.fromkeys(LINE_TYPES, _LINES),
    },
}
