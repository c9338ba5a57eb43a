"""From log to corpus: the first step of a run, and everything that is known before any training."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.catalogue import Catalogue
from index.vocabulary import Vocabulary
from training.config import TrainConfig
from training.corpus import Corpus
from training.events.metadata import read_metadata
from training.events.reader import EventBatch, EventReader
from training.events.sources import known_rows, open_sources
from training.events.sql import connect
from training.progress import Reporter, Step
from training.sessions.cut import sessionise
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json


@dataclass(frozen=True)
class Prepared:
    """The log after the rules. counts: rows by what became of them."""

    corpus: Corpus
    vocabulary: Vocabulary
    rare: dict[str, int]
    counts: dict[str, Any]
    fingerprint: str


def prepare(config: TrainConfig, work: Workspace, reporter: Reporter) -> Prepared:
    """Read the log, reject what is no event, cut sessions."""

    def make(folder: Path) -> None:
        settings = config.events
        connection = connect(settings.memory_mb, str(folder))
        sources = open_sources(settings, connection)
        min_dwell = config.sessions.min_dwell
        rejects = work.folder / "rejects.parquet"
        reader = EventReader(sources, settings, connection, min_dwell, rejects)
        with reporter.step("read", total=known_rows(sources, connection), unit="rows") as step:
            sessions = sessionise(
                _counted(reader, step),
                config.sessions,
                by_session=settings.session is not None,
                budget_mb=settings.memory_mb,
                threads=config.trainer.workers,
                spill=folder,
            )
            step.facts |= {"rows": reader.counts.rows, "rejected": sum(reader.counts.rejected.values())}
            step.facts |= {"sessions": len(sessions.corpus), "items": sessions.corpus.items}
        counts = {
            "rows": reader.counts.rows,
            "rejected": reader.counts.rejected,
            "removed": reader.counts.dropped | sessions.counts.removed(),
            "empty_files": list(sources.empty),
        }
        corpus = sessions.corpus
        write_arrays(
            folder,
            tokens=corpus.tokens,
            offsets=corpus.offsets,
            starts=corpus.starts,
            ends=corpus.ends,
            weights=corpus.weights,
            converted=corpus.converted,
        )
        write_json(folder / "vocabulary.json", {"ids": sessions.vocabulary.ids, "rare": sessions.rare})
        write_json(folder / "counts.json", counts)

    folder = work.step("sessions", make)
    names = read_json(folder / "vocabulary.json")
    arrays = {n: read_array(folder, n) for n in ("tokens", "offsets", "starts", "ends", "weights", "converted")}
    corpus = Corpus(items=len(names["ids"]), **arrays)
    vocabulary = Vocabulary(names["ids"], corpus.counts())
    counts = read_json(folder / "counts.json")
    return Prepared(corpus, vocabulary, names["rare"], counts, _fingerprint(corpus, vocabulary))


def catalogue_of(config: TrainConfig, prepared: Prepared, reporter: Reporter) -> Catalogue:
    """The items' metadata; without any, an empty catalogue."""
    if config.events.items is None:
        return Catalogue([], {})
    with reporter.step("items") as step:
        rows = read_metadata(config.events.items, config.events.item, config.events.memory_mb)
        catalogue = Catalogue.from_rows(rows)
        known = sum(item in catalogue for item in prepared.vocabulary.ids)
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
    digest.update("\x1f".join(vocabulary.ids).encode())
    return digest.hexdigest()
