"""A log as the reader sees it: every row accounted for."""

import atexit

import pyarrow.parquet as pq

from training.events.reader import EventReader
from training.events.reasons import Reason
from training.events.sources import open_sources
from training.events.sql import connect
from training.eventsconfig import EventsConfig

CONNECTION = connect(1000)  # one for all: making one takes longer than reading these files
atexit.register(CONNECTION.close)


class Read:
    """A log that was read: what was accepted, counted and rejected."""

    def __init__(self, folder, paths, min_dwell=0.0, **config):
        config = EventsConfig(**{"max_bad_share": 1.0, "user": "u", "item": "i", "time": "t"} | config, paths=paths)
        connection = CONNECTION
        rejects = folder / "rejects.parquet"
        reader = EventReader(open_sources(config, connection), config, connection, min_dwell, rejects)
        self.items, self.times, self.users, self.sessions, self.weights, self.converted = [], [], [], [], [], []
        self.disliked = []
        for batch in reader:
            self.items += batch.items.to_pylist()
            self.times += batch.times.tolist()
            self.users += batch.users.tolist()
            for name in ("sessions", "weights", "converted", "disliked"):
                values = getattr(batch, name)
                getattr(self, name).extend([] if values is None else values.tolist())
        self.counts = reader.counts
        self.rejects = pq.read_table(rejects).to_pylist() if rejects.exists() else []
        assert self.counts.rows == len(self.items) + len(self.rejects) + sum(self.counts.dropped.values())
        assert len(self.items) == self.counts.reasons[Reason.ACCEPTED]
        assert len(self.rejects) == sum(self.counts.rejected.values())

    def reasons(self):
        """row -> reason, for a log of one file."""
        return {row["row"]: row["reason"] for row in self.rejects}
