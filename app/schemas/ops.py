"""Replies of the operations routes."""

from typing import Literal

from pydantic import Field

from app.schemas.common import Reply


class Alive(Reply):
    status: Literal["ok", "loading", "leaving"]


class Ready(Reply):
    ready: bool
    catalogue_change: int = Field(description="number of the newest change of the catalogue this process has seen")
    reason: Literal["loading", "no_model", "stuck"] | None = Field(
        description="why it is not ready: the first model is being loaded; there is none; work hangs"
    )
    stuck: list[str] = Field(description="pools of threads in which nothing moves any more")
    refused: dict[str, str] = Field(description="version -> why it is not served")
    next_step: str | None = Field(description="what to do where nothing can be served yet")
