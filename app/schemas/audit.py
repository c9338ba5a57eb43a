"""Reply of the audit route."""

from typing import Any

from pydantic import BaseModel, Field

from app.schemas.common import Reply
from store.audit import Entry
from store.moment import iso


class AuditEntry(BaseModel):
    """One act."""

    seq: int = Field(description="grows from act to act", examples=[17])
    at: str = Field(description="ISO 8601, UTC", examples=["2026-11-24T06:58:32.120000Z"])
    via: str = Field(description="http, cli, or worker", examples=["http"])
    name: str = Field(description="of the key, of the machine's user, of the worker", examples=["shop"])
    key_id: str | None = Field(description="of the key", examples=["ab12cd34"])
    address: str | None = Field(description="of the client, as the service sees it: perhaps a proxy's")
    request_id: str | None = Field(description="as in the log and in the answer's X-Request-Id")
    action: str = Field(description="what was done, see docs/audit.md", examples=["model.activate"])
    thing: str | None = Field(description="version, item, job or key that was acted on", examples=["20261124-065832"])
    outcome: str = Field(
        description="done, failed or refused; intended: before an act on files, and another row says how it ended",
        examples=["done"],
    )
    facts: dict[str, Any] = Field(description="what else is told of it", examples=[{"before": "20261123-065540"}])


class AuditReply(Reply):
    entries: list[AuditEntry] = Field(description="newest first")
    next_cursor: int | None = Field(description="for the next page; null at the end", examples=[None])


def entry_of(entry: Entry) -> AuditEntry:
    return AuditEntry(**{**vars(entry), "at": iso(entry.at), "facts": entry.facts or {}})
