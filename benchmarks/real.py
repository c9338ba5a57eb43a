"""The real logs, where they are: their place, and the settings each is read with."""

import os
from pathlib import Path

from training.config import EvaluationConfig, SessionsConfig, TrainConfig
from training.corpus import Corpus
from training.events.reader import EventReader
from training.events.sources import open_sources
from training.events.sql import connect
from training.eventsconfig import EventsConfig
from training.sessions.cut import sessionise
from training.sessions.repeats import rules_of

DATA = Path(os.environ.get("ITEM2VEC_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

# What a log needs to be read at all, and the split that suits it: time where there is a clock, else sessions, and each
# session's last item where a session is a customer's whole year.
LOGS: dict[str, TrainConfig] = {
    "nowplaying": TrainConfig(
        events=EventsConfig(session="user_id"),
        sessions=SessionsConfig(min_item_count=1),
        # The published split: the newest sessions, from this position of the global counter on.
        evaluation=EvaluationConfig(split="time", test_from="1970-01-12T00:49:41+00:00"),
    ),
    "online_retail": TrainConfig(
        events=EventsConfig(session="session_id", event_type="event_type", event_types=("purchase",)),
        evaluation=EvaluationConfig(split="time"),
    ),
    "wikispeedia": TrainConfig(events=EventsConfig(session="user_id"), evaluation=EvaluationConfig(split="session")),
    "deezer_ecommerce": TrainConfig(
        events=EventsConfig(session="user_id"), evaluation=EvaluationConfig(split="last", prefixes=1000)
    ),
}


def config_of(name: str) -> TrainConfig:
    """Raises FileNotFoundError where the log is not there."""
    events, items = DATA / name / "events.parquet", DATA / name / "items.parquet"
    if not events.exists():
        raise FileNotFoundError(f"{events} is not there; set ITEM2VEC_DATA to the folder of the logs")
    where = {"paths": (str(events),), "items": (str(items),) if items.exists() else ()}
    return LOGS[name].model_copy(update={"events": LOGS[name].events.model_copy(update=where)})


def sessions_of(config: TrainConfig) -> tuple[Corpus, list[str]]:
    """All sessions of the log, and row -> item."""
    connection = connect(config.events.memory_mb)
    reader = EventReader(open_sources(config.events, connection), config.events, connection)
    found = sessionise(reader, rules_of(config), by_session=True, budget_mb=config.events.memory_mb)
    return found.corpus, found.vocabulary.ids
