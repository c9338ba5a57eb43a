"""All that one API process holds, made once by `create_app` and handed to whatever needs a part of it."""

from dataclasses import dataclass, field

from app.live.diffs import Diffs
from app.live.shelf import Shelf
from app.live.snapshot import Snapshots
from app.live.together import Together
from app.metrics import Metrics
from app.settings import Settings
from index.artifact.registry import Registry
from store.database import Database
from store.keys import Keyring


@dataclass(frozen=True)
class Service:
    """registry: of the same folder that `snapshots` follows."""

    settings: Settings
    engine: Database
    registry: Registry
    snapshots: Snapshots
    shelf: Shelf
    keyring: Keyring
    metrics: Metrics
    diffs: Diffs = field(default_factory=Diffs)
    together: Together = field(default_factory=Together)
