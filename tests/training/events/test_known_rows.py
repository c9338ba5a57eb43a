"""How much there is to read, for the progress bar: known for Parquet, and the log can still be read afterwards."""

import pyarrow as pa
import pyarrow.parquet as pq

from training.events.reader import EventReader
from training.events.sources import known_rows, open_sources
from training.events.sql import connect
from training.eventsconfig import EventsConfig


def test_the_rows_of_parquet_files_are_known_before_they_are_read(tmp_path):
    table = pa.table({"user_id": ["u", "v", "w"], "item_id": ["a", "b", "c"], "timestamp": [1, 2, 3]})
    for name in ("one.parquet", "it's [two].parquet"):
        pq.write_table(table, tmp_path / name)
    config = EventsConfig(paths=(str(tmp_path),))
    connection = connect(config.memory_mb)
    sources = open_sources(config, connection)
    assert known_rows(sources, connection) == 6
    reader = EventReader(sources, config, connection)
    assert sum(len(batch.times) for batch in reader) == 6


def test_the_rows_of_text_files_would_have_to_be_read(tmp_path):
    (tmp_path / "log.csv").write_text("user_id,item_id,timestamp\nu,a,1\n")
    config = EventsConfig(paths=(str(tmp_path),))
    connection = connect(config.memory_mb)
    assert known_rows(open_sources(config, connection), connection) is None
