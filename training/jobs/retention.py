"""The worker deletes what was kept long enough, a little at a time, beside its jobs."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from index.errors import StoreUnavailable
from store.audit import Action, Actor, record
from store.database import Database, now
from store.upkeep import retention
from store.upkeep.retention import BATCH, LOGS, Kept
from training.jobs.folder import JobFolder

log = logging.getLogger(__name__)

PASS_SECONDS = 3600.0  # between two passes
BATCHES = 100  # in a row; a job that waits comes first
PAUSE_SECONDS = 0.02  # between two of them: others write then


class Retention:
    """Of one worker; two beside each other delete the same rows, which does no harm."""

    def __init__(self, database: Database, models: Path, kept: Kept, by: Actor) -> None:
        self._database = database
        self._models = models
        self._kept = kept
        self._by = by
        self._due = 0.0
        self._deleted: Counter[str] = Counter()

    def follow(self, look: Callable[[], None]) -> None:
        """Called often; something is to be done once an hour, and as long as that is not ready. look: called between
        two batches.

        Raises StoreUnavailable; then it goes on the next time.
        """
        if time.monotonic() < self._due:
            return
        try:
            done = self.apply(look, BATCHES)
        except StoreUnavailable:
            raise
        except Exception:
            # A row that the database does not let go, for one: no reason to leave jobs waiting.
            log.exception("retention failed")
            done = True
        if done:
            self._due = time.monotonic() + PASS_SECONDS

    def apply(self, look: Callable[[], None], batches: int | None = None) -> bool:
        """Whether all is done; batches: at most so many, None for all."""
        for name in (*LOGS, "jobs"):
            before = self._kept.before(name, now())
            while before is not None:
                if batches is not None and (batches := batches - 1) < 0:
                    return False
                deleted = self._jobs(before) if name == "jobs" else retention.trim(self._database, name, before)
                self._deleted[name] += deleted
                look()
                if deleted < BATCH:
                    break
                time.sleep(PAUSE_SECONDS)
        self._tell()
        return True

    def _jobs(self, before: int) -> int:
        found = retention.jobs_before(self._database, before)
        for job_id in found:
            JobFolder(self._models, job_id).remove()  # first: without its row nobody would know that it has ended
            retention.forget_job(self._database, job_id)
        return len(found)

    def _tell(self) -> None:
        deleted: dict[str, Any] = {name: number for name, number in self._deleted.items() if number}
        if deleted:
            log.info("retention %s", " ".join(f"{name}={number}" for name, number in deleted.items()))
            record(self._database, self._by, Action.RETENTION, **deleted)
        self._deleted.clear()
