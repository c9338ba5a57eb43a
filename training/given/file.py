"""The file of a test: which form it has, and its questions."""

from index.errors import EventsMissing
from training.config import TrainConfig
from training.events.files import find_files
from training.events.sources import look
from training.events.sql import connect
from training.eventsconfig import EventsConfig
from training.given.log import log_questions
from training.given.questions import Questions
from training.given.table import PREFIX, SESSION, TARGET, table_questions


def read_questions(path: str, config: TrainConfig) -> Questions:
    """A table where the file has a column `prefix` or `target`, else a log. config: of the model's training, with the
    columns of its log. Raises EventsError that names the file and the column."""
    events = config.events.model_copy(update={"paths": (path,), "format": "auto"})
    connection = connect(events.memory_mb)
    files = find_files((path,))
    # A table names its columns, whatever the log of the model is like.
    table = EventsConfig(paths=(path,), user=PREFIX, item=TARGET, time=SESSION)
    found = [source for file, kind in files if (source := look(connection, file, kind, table)) is not None]
    if not found:
        raise EventsMissing(f"{path}: holds nothing to test with")
    if any(source.has(PREFIX) or source.has(TARGET) for source in found):
        return table_questions(found, connection)
    found = [source for file, kind in files if (source := look(connection, file, kind, events)) is not None]
    return log_questions(found, config.model_copy(update={"events": events}), connection)
