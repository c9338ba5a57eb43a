"""Who did what, for administrators."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.http.deps import ADMIN, ServiceDep
from app.schemas.audit import AuditReply, entry_of
from app.schemas.common import problems
from index.errors import RequestError
from store import audit
from store.audit import Wanted
from store.moment import micros

router = APIRouter(tags=["audit"])

TIME = "ISO 8601, without an offset UTC"


@router.get("/audit", summary="Who did what", dependencies=ADMIN, responses=problems(401, 403, 422, 429, 503))
async def get_audit(
    service: ServiceDep,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000, description="how many")] = 100,
    cursor: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="next_cursor of the page before")] = None,
    action: Annotated[str | None, Query(max_length=100, description="only this one, as docs/audit.md has it")] = None,
    key: Annotated[str | None, Query(max_length=100, description="only acts of the key with this id")] = None,
    thing: Annotated[str | None, Query(max_length=1024, description="only acts on this version, item, job")] = None,
    since: Annotated[str | None, Query(max_length=40, description=f"only from then on: {TIME}")] = None,
    until: Annotated[str | None, Query(max_length=40, description=f"only before then: {TIME}")] = None,
) -> AuditReply:
    """Every act of managing, newest first; rows are only ever added. Reading the answers, and posting events, are not
    in it."""
    span = micros(since, "query.since"), micros(until, "query.until")
    if any(text is not None and "\0" in text for text in (key, thing)):
        raise RequestError("no key or thing has a NUL in its name", [("query", "NUL")])
    wanted = Wanted(audit.check_action(action), key, thing, *span)
    read = partial(audit.page, service.engine, wanted, limit, cursor)
    found, following = await service.pools.manage.run(request, read)
    entries = [entry_of(entry) for entry in found]
    return AuditReply(entries=entries, next_cursor=following, model_version=service.snapshots.version)
