"""Replies of the operations routes."""

from typing import Literal

from pydantic import Field

from app.schemas.common import Reply


class Alive(Reply):
    status: Literal["ok", "leaving"]


class Ready(Reply):
    ready: bool
    catalogue_change: int = Field(description="number of the newest change of the catalogue this process has seen")
    refused: dict[str, str] = Field(description="version -> why it is not served")
    next_step: str | None = Field(description="what to do where nothing can be served yet")
