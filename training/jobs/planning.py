"""What a retraining trains on: the whole log, or only what came since the model that serves was trained."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

from index.artifact.manifest import Manifest, StoredEvents
from index.artifact.registry import Registry
from index.errors import EventsMissing, Item2vecError
from store import erasures, events
from store.database import Database
from training.config import TrainConfig
from training.jobs.plan import Plan
from training.pipeline.prepare import identity_of


def plan_of(registry: Registry, database: Database, config: TrainConfig, whole: bool, now: datetime) -> Plan:
    """config: as the worker has it, without the stored events. whole: somebody has asked for it. Raises
    StoreUnavailable."""
    # First: who is erased after this is known by a larger number.
    erasure = erasures.last(database)
    span = events.span(database)
    stored = None
    if span is not None:
        since = erasures.since(database, _erasure_before(registry), erasure)
        stored = StoredEvents(
            first=span[0],
            last=span[1],
            settings=settings_of(config),
            erasure=erasure,
            erased_users=since.users,
            erased_last=since.last and datetime.fromtimestamp(since.last / 1e6, UTC),
        )
    if whole:
        return Plan(stored, why="it was asked for")
    try:
        manifest = registry.open().manifest
    except Item2vecError as error:
        return Plan(stored, why=f"there is no model to update: {error.code}")
    why = _whole_because(manifest, stored, config, now)
    if why or stored is None or manifest.stored is None:
        return Plan(stored, why=why or "no events are stored")
    return Plan(stored, manifest.version, after=manifest.stored.last)


def _erasure_before(registry: Registry) -> int:
    """The last one that the model that serves was trained without."""
    try:
        stored = registry.open(verify=False).manifest.stored
    except Item2vecError:
        return 0
    return 0 if stored is None else stored.erasure


def _whole_because(manifest: Manifest, stored: StoredEvents | None, config: TrainConfig, now: datetime) -> str | None:
    before, rules = manifest.stored, config.update
    if manifest.imported is not None:
        return "the model that serves has imported vectors"
    if before is None or manifest.trained_on != "all" or manifest.metrics is None:
        return "the model that serves was not made by a retraining"
    if stored is None:
        return "no events are stored"
    if stored.settings != before.settings:
        return "the settings or the configured files are others"
    if stored.erasure != before.erasure:
        # Not only a larger number: the database may be one that was restored.
        return "a user was erased since"
    if stored.first != before.first or stored.last < before.last:
        return "events were deleted since"
    if stored.last == before.last:
        return "no events came since"
    last = manifest.update
    whole, since = (manifest.version, 0) if last is None else (last.whole, last.tokens_since)
    tokens = manifest.data.tokens if last is None else last.tokens_whole
    if since + stored.last - before.last > rules.share * tokens:
        return f"more than {rules.share:.0%} of the events came since the last whole training"
    if now - trained_at(whole) > timedelta(days=rules.days):
        return f"the last whole training was {rules.days:g} days ago"
    return None


def trained_at(version: str) -> datetime:
    """A version's name says when it was made, also where it is gone."""
    return datetime.strptime(version[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def settings_of(config: TrainConfig) -> str:
    """SHA-256 over the settings and the files that they name, as these are now. A file that is not there is told by the
    training itself."""
    try:
        identity = identity_of(config)
    except EventsMissing:
        identity = {"config": config.model_dump(mode="json"), "files": []}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
