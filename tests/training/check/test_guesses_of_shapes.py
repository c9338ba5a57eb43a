"""What is guessed of the shape of rows is on the doctor's page."""

import pyarrow as pa
import pyarrow.parquet as pq

from training.check.examine import examine
from training.config import TrainConfig
from training.eventsconfig import EventsConfig


def guesses(**events):
    found = examine(TrainConfig(events=EventsConfig(**events)), forecaster=lambda *_: None)
    return [f.found for f in found.findings if f.code == "text_guessed"]


def test_a_column_of_folders_is_named(tmp_path):
    for day in (1, 2):
        folder = tmp_path / "log" / f"day=2024-03-0{day}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"user_id": ["u"] * 9, "item_id": list("abcabcabc")}), folder / "part.parquet")
    (found,) = guesses(paths=(str(tmp_path / "log"),), time="day")
    assert "column 'day' is read from the names of the folders" in found


def test_what_stands_between_the_ids_of_a_session_is_named(tmp_path):
    (tmp_path / "log.txt").write_text("a|b|c\nb|a\n" * 9)
    (found,) = guesses(paths=(str(tmp_path / "log.txt"),), rows="sessions")
    assert "a line is read as one session of ids with '|' between them" in found
    assert "the order of the ids in a row is their order in time" in found


def test_rows_that_are_as_they_are_named_need_no_guess(tmp_path):
    pq.write_table(pa.table({"user_id": ["u"], "item_id": [["a", "b"]], "timestamp": [1]}), tmp_path / "log.parquet")
    assert guesses(paths=(str(tmp_path / "log.parquet"),), rows="sessions") == []
