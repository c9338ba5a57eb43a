"""A service that retrains on files of another tool reads its own stored events beside them, by the same settings."""

import pytest
from support.foreign import WRITERS, plays

from store import events
from store.database import connect as open_database
from store.event import EventRow
from store.upkeep.migrate import migrate
from training.configfile import load_config
from training.events.reader import EventReader
from training.events.sources import open_sources
from training.events.sql import connect
from training.jobs.storedlog import export, with_stored
from training.presets.unfold import unfold

LOG = plays(40)


@pytest.mark.parametrize(
    "written", ["movielens 1M", "movielens 20M", "gorse jsonl", "metarank", "yoochoose", "retailrocket", "instacart"]
)
def test_stored_events_are_read_beside_the_files_of_a_preset(tmp_path, written):
    preset, writer = WRITERS[written]
    writer(tmp_path / "log", LOG)
    config = unfold(
        load_config(None, {"events": {"paths": (f"{tmp_path}/log",), "preset": preset}}), tmp_path / "models"
    )
    database = open_database(f"sqlite:///{tmp_path / 'item2vec.db'}")
    migrate(database)
    rows = [EventRow("i1", 1_700_000_000_000_000 + n, "u1", "s1", f"e{n}", "view", None, None) for n in range(5)]
    events.append(database, rows, (), "request", 10)
    stored = export(database, config.events, tmp_path / "job", lambda _: None)
    config = with_stored(config, stored)
    database.dispose()
    connection = connect(config.events.memory_mb)
    reader = EventReader(open_sources(config.events, connection), config.events, connection, 0.0, tmp_path / "rejects")
    assert sum(len(batch.times) for batch in reader) == len(LOG) + len(rows)
