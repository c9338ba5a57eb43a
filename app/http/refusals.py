"""Attempts at managing that were refused: each is in the audit, but nobody can fill it with them."""

import logging
import time
from typing import Any

from app.asgi import Scope
from app.http.deps import scope_of
from app.http.who import actor_of
from app.pools.pool import Pool
from index.errors import Item2vecError
from store.audit import Action, Actor, Outcome, record
from store.database import Database

log = logging.getLogger(__name__)

READING = {"GET", "HEAD", "OPTIONS"}
EVENTS = "/events"  # a log of acts of its own, not of managing
QUIET_SECONDS = 60.0
MOST = 10_000  # of those who were refused lately


class Refusals:
    """Of one process. Of the same caller and route one row a minute is written; the next one says how many came."""

    def __init__(self, database: Database, pool: Pool) -> None:
        """pool: whose threads write the rows."""
        self._database = database
        self._pool = pool
        self._lately: dict[tuple[str, str, str], tuple[float, int]] = {}

    def is_management(self, scope: Scope) -> bool:
        """Whether the route changes something, or is for administrators only. An unknown one counts: what a page of
        another site sends is refused before its route is known."""
        route: Any = scope.get("route")
        if getattr(route, "path", None) == EVENTS:
            return False
        return scope["method"] not in READING or scope_of(route) == "admin"

    async def note(self, scope: Scope, template: str, code: str) -> None:
        """template: the route's, so that no id is written. Raises nothing: the answer is sent already."""
        by = actor_of(scope)
        since = self._since(by, scope["method"], template)
        if since is None:
            return
        thing = f"{scope['method']} {template}"
        try:
            await self._pool.own(lambda: _write(self._database, by, thing, code, since))
        except Item2vecError as error:
            log.error("audit row lost action=refused thing=%s error=%s", thing, error)

    def _since(self, by: Actor, method: str, template: str) -> int | None:
        """How many like this were not written since the last one that was; None where this one is not, either."""
        who, moment = (by.key_id or by.address or "", method, template), time.monotonic()
        written, more = self._lately.get(who, (-QUIET_SECONDS, 0))
        if moment - written < QUIET_SECONDS:
            self._lately[who] = (written, more + 1)
            return None
        if len(self._lately) >= MOST:
            self._lately.clear()
        self._lately[who] = (moment, 0)
        return more


def _write(database: Database, by: Actor, thing: str, code: str, since: int) -> None:
    more = {"not_written_before": since} if since else {}
    record(database, by, Action.REFUSED, thing, Outcome.REFUSED, code=code, **more)
