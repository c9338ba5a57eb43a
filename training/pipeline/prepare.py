"""From log to corpus: the first step of a run, and everything that is known before any training."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from index.catalogue.catalogue import Catalogue
from index.errors import ConfigError
from index.vocabulary import Vocabulary
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.kept import Newest
from training.evaluation.split import has_clock
from training.events.files import find_files
from training.events.metadata import read_metadata
from training.events.reader import EventBatch, EventReader
from training.events.sources import known_rows, open_sources
from training.events.sql import connect
from training.objective.dislikes import Dislikes
from training.progress import Reporter, Step
from training.sessions.cut import sessionise
from training.sessions.encode import Sessions
from training.sessions.repeats import rules_of
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json

ARRAYS = ("tokens", "offsets", "starts", "ends", "weights", "converted")  # of a Corpus


@dataclass(frozen=True)
class RowCounts:
    """rows: read. rejected, removed: reason -> how many. empty_files: those without any row. repeat_share: of the next
    events, the immediate repeats; repeats_kept: whether they stayed."""

    rows: int
    rejected: dict[str, int]
    removed: dict[str, int]
    empty_files: list[str]
    repeat_share: float
    repeats_kept: bool


@dataclass(frozen=True)
class Prepared:
    """The log after the rules. rare: items seen too seldom for a vector, and how often. newest: by item, the events of
    its newest sessions, those of rare items too; all events where it has no clock."""

    corpus: Corpus
    vocabulary: Vocabulary
    rare: dict[str, int]
    counts: RowCounts
    fingerprint: str
    newest: Newest


def identity_of(config: TrainConfig) -> dict[str, Any]:
    """What makes two runs the same, for `Workspace`: the settings, and the files as they are now. Equal as JSON.

    What the gate asks is left out: it changes no step."""
    paths = find_files(config.events.paths, config.events.format)
    if config.events.items is not None:
        paths += find_files([config.events.items])
    files = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path, _ in paths]
    return {"config": config.model_dump(mode="json", exclude={"gate"}), "files": files}


def prepare(config: TrainConfig, work: Workspace) -> Prepared:
    """Read the log, reject what is not an event, cut sessions. Raises an Item2vecError."""

    def make(folder: Path) -> None:
        settings = config.events
        connection = connect(settings.memory_mb, str(folder))
        sources = open_sources(settings, connection)
        rejects = work.folder / "rejects.parquet"
        reader = EventReader(sources, settings, connection, config.sessions.min_dwell, rejects)
        with work.told.step("read", total=known_rows(sources, connection), unit="rows") as step:
            sessions = sessionise(
                _counted(reader, step),
                rules_of(config),
                by_session=settings.session is not None,
                budget_mb=settings.memory_mb,
                threads=config.trainer.workers,
                spill=folder,
            )
            step.facts |= {"rows": reader.counts.rows, "rejected": sum(reader.counts.rejected.values())}
            step.facts |= {"sessions": len(sessions.corpus), "items": sessions.corpus.items}
            if sessions.corpus.dislikes is not None:
                step.facts |= {"dislikes": len(sessions.corpus.dislikes)}
        removed = reader.counts.dropped | sessions.counts.removed()
        counts = RowCounts(
            rows=reader.counts.rows,
            rejected=reader.counts.rejected,
            removed=removed,
            empty_files=list(sources.empty),
            repeat_share=sessions.repeats.share,
            repeats_kept=sessions.repeats.kept,
        )
        write_sessions(folder, sessions, counts)

    log = prepared_of(work.step("sessions", make))
    if config.sessions.half_life_days and not has_clock(log.corpus):
        raise ConfigError(
            "sessions.half_life_days needs clock times, and the log has positions or one time for all: leave it out"
        )
    return log


def write_sessions(folder: Path, sessions: Sessions, counts: RowCounts) -> None:
    write_arrays(folder, **{name: getattr(sessions.corpus, name) for name in ARRAYS}, newest=sessions.newest)
    if sessions.corpus.dislikes is not None:
        write_arrays(folder, **{f"dislike_{name}": values for name, values in vars(sessions.corpus.dislikes).items()})
    names = {"ids": sessions.vocabulary.ids, "rare": sessions.rare, "newest_rare": sessions.newest_rare}
    write_json(folder / "vocabulary.json", names)
    write_json(folder / "counts.json", asdict(counts))


def prepared_of(folder: Path) -> Prepared:
    """What `write_sessions` has written."""
    names = read_json(folder / "vocabulary.json")
    said = [read_array(folder, f"dislike_{field.name}") for field in fields(Dislikes)]
    dislikes = None if said[0] is None else Dislikes(*said)
    arrays = {name: read_array(folder, name) for name in ARRAYS}
    corpus = Corpus(items=len(names["ids"]), dislikes=dislikes, **arrays)
    vocabulary = Vocabulary(names["ids"], corpus.counts())
    counts = RowCounts(**read_json(folder / "counts.json"))
    frequent, rare = read_array(folder, "newest"), names.get("newest_rare")
    if frequent is None or not has_clock(corpus):  # None: of a run that the release before began
        frequent, rare = vocabulary.counts, names["rare"]
    newest = Newest.of(vocabulary.ids, frequent, rare)
    return Prepared(corpus, vocabulary, names["rare"], counts, _fingerprint(corpus, vocabulary), newest)


def read_items(log: Prepared, config: TrainConfig, told: Reporter) -> Catalogue:
    """The items' metadata; without any, an empty catalogue."""
    if config.events.items is None:
        return Catalogue([], {})
    with told.step("items") as step:
        rows = read_metadata(config.events.items, config.events.item, config.events.memory_mb)
        catalogue = Catalogue.from_rows(rows)
        known = sum(item in catalogue for item in log.vocabulary.ids)
        step.facts |= {"items": len(catalogue.ids), "of_the_vocabulary": known}
    return catalogue


def _counted(reader: EventReader, step: Step) -> Iterable[EventBatch]:
    for batch in reader:
        yield batch
        step.count(reader.counts.rows)


def _fingerprint(corpus: Corpus, vocabulary: Vocabulary) -> str:
    """SHA-256 over the sessions as they are trained on."""
    digest = hashlib.sha256()
    for values in (corpus.tokens, corpus.offsets, corpus.starts, corpus.ends):
        digest.update(np.ascontiguousarray(values).tobytes())
    if corpus.dislikes is not None:
        for values in vars(corpus.dislikes).values():
            digest.update(np.ascontiguousarray(values).tobytes())
    digest.update("\x1f".join(vocabulary.ids).encode())
    return digest.hexdigest()
