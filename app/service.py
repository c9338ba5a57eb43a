"""All that one API process holds, made once by `create_app` and handed to whatever needs a part of it."""

from dataclasses import dataclass, field
from functools import cached_property

from app.answers.together import Together
from app.live.diffs import Diffs
from app.live.rates import Rates
from app.live.shelf import Shelf
from app.live.snapshot import Snapshots
from app.live.suggester import Suggester
from app.metrics import Metrics
from app.pools.pools import Pools
from app.settings import Settings
from app.streams.feeds import Feeds
from app.streams.places import Places
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
    pools: Pools
    together: Together
    feeds: Feeds
    streams: Places
    diffs: Diffs = field(default_factory=Diffs)
    suggester: Suggester = field(default_factory=Suggester)

    @cached_property
    def rates(self) -> Rates:
        return Rates(self.metrics)
