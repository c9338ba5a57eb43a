"""What every route has: the base of replies, problems, ids."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.problems import PROBLEM_JSON

ItemId = Annotated[str, Field(min_length=1, max_length=1024, description="id of an item, any unicode")]
ModelVersion = Annotated[str | None, Field(description="version of the model that answered; null while there is none")]


class Reply(BaseModel):
    """Base of every reply."""

    model_version: ModelVersion


class FieldError(BaseModel):
    field: str = Field(description="where in the request", examples=["query.k"])
    message: str = Field(description="what is wrong", examples=["must be at most 500"])


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
    400: "Not a request as HTTP/1.1 has it, or without exactly one Host header",
    401: "No valid key",
    403: "The key lacks the scope, or a browser on another site asks",
    404: "Unknown",
    408: "The head or the body came too slowly",
    409: "Not in this state",
    413: "Too large",
    415: "Not a type the route reads",
    421: "For a host that this service is not",
    422: "A field is wrong",
    429: "Too many requests; Retry-After says when to come back",
    431: "Headers too large",
    503: "No model yet, the database does not answer, or too much work at once; Retry-After says when to come back",
    507: "No room for more stored items",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=`: each status with its meaning and the Problem schema."""
    content = {"content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {status: {"description": REASONS[status]} | (content if status >= 400 else {}) for status in statuses}


def only_list(name: str, items: dict[str, Any]) -> dict[str, Any]:
    """JSON schema of an object with the list `name` and nothing else."""
    properties = {name: {"type": "array", "items": items}}
    return {"type": "object", "additionalProperties": False, "required": [name], "properties": properties}


WRITING = (401, 403, 413, 415, 422, 429, 503)
READING = (304, 401, 403, 404, 422, 429, 503)
