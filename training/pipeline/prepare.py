"""From log to corpus: the first step of a run, and everything that is known before any training."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from index.artifact.manifest import LogFinding
from index.catalogue.catalogue import Catalogue
from index.errors import ConfigError, EventsError, EventsMissing, EventsRejected
from index.vocabulary import Vocabulary
from training.check.findings import Finding
from training.check.judge import CHECKS, OF_ROWS, OF_TIMES, judge, reading_of
from training.check.metadata import judge_metadata, look_at
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.kept import Newest
from training.evaluation.split import has_clock
from training.events.files import find_files
from training.events.reader import EventBatch, EventReader
from training.events.sources import known_rows, open_sources
from training.events.sql import connect
from training.items.form import files_of
from training.items.read import write_rejects
from training.objective.dislikes import Dislikes
from training.progress import Reporter, Step
from training.sessions.cut import sessionise
from training.sessions.encode import Sessions
from training.sessions.repeats import rules_of
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json

REJECTED_ITEMS = "rejects-items.parquet"
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
    its newest sessions, those of rare items too; all events where it has no clock. findings: what is wrong with it, as
    a check of the log says it; notes are left out."""

    corpus: Corpus
    vocabulary: Vocabulary
    rare: dict[str, int]
    counts: RowCounts
    fingerprint: str
    newest: Newest
    findings: list[LogFinding]


def identity_of(config: TrainConfig) -> dict[str, Any]:
    """What makes two runs the same, for `Workspace`: the settings, and the files as they are now. Equal as JSON.

    What the gate asks is left out: it changes no step."""
    paths = find_files(config.events.paths, config.events.format)
    if config.events.items:
        paths += files_of(config.events)
    files = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path, _ in paths]
    return {"config": config.model_dump(mode="json", exclude={"gate"}), "files": files}


def prepare(config: TrainConfig, work: Workspace, now: datetime | None = None) -> Prepared:
    """Read the log, reject what is not an event, cut sessions, and say what is wrong with it.

    now: what is later is the future; None for this moment. Raises EventsError where nothing can be trained on, or the
    judgement is that it should not be; ConfigError where the log lacks what a setting needs.
    """

    def make(folder: Path) -> None:
        settings = config.events
        connection = connect(settings.memory_mb, str(folder))
        sources = open_sources(settings, connection, work.folder.parent)
        for source in (each for each in sources.sources if each.whole):
            work.told.note("note", finding="ids_read_whole", file=source.files[0], columns=",".join(source.whole))
        reading = reading_of(config, connection, sources, work.folder / "rejects.parquet", now)
        reader = reading.reader
        with work.told.step("read", total=known_rows(sources, connection), unit="rows") as step:
            try:
                sessions = sessionise(
                    _counted(reader, step),
                    rules_of(config),
                    by_session=settings.session is not None,
                    budget_mb=settings.memory_mb,
                    threads=config.trainer.workers,
                    spill=folder,
                    watch=reading.census,
                    strangers=reading.strangers,
                )
            except EventsError as error:
                refused = isinstance(error, EventsRejected)
                checks = OF_ROWS if refused else CHECKS if isinstance(error, EventsMissing) else OF_TIMES
                exam = reading.exam(None, (error.short, error.advice or ""))
                tell(shared(judge(exam, checks)), work.told)
                raise
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
        write_sessions(folder, sessions, counts, shared(judge(reading.exam(sessions))))

    log = prepared_of(work.step("sessions", make))
    tell(log.findings, work.told)
    stops = [f"{finding.found} {finding.advice}" for finding in log.findings if finding.severity == "stop"]
    if stops:
        raise EventsMissing(" ".join(stops))
    if config.sessions.half_life_days and not has_clock(log.corpus):
        raise ConfigError(
            "sessions.half_life_days needs clock times, and the log has positions or one time for all: leave it out"
        )
    return log


def shared(found: Iterable[Finding]) -> list[LogFinding]:
    """What the manifest keeps of the findings: stops and warnings, without examples, which name people."""
    return [
        LogFinding(code=f.code, severity=f.severity, found=f.found, advice=f.advice)
        for f in found
        if f.severity != "note"
    ]


def tell(found: Iterable[LogFinding], told: Reporter) -> None:
    """A line for each."""
    for finding in found:
        event = "stop" if finding.severity == "stop" else "warning"
        told.note(event, finding=finding.code, found=finding.found, advice=finding.advice)


def write_sessions(folder: Path, sessions: Sessions, counts: RowCounts, found: list[LogFinding]) -> None:
    write_arrays(folder, **{name: getattr(sessions.corpus, name) for name in ARRAYS}, newest=sessions.newest)
    if sessions.corpus.dislikes is not None:
        write_arrays(folder, **{f"dislike_{name}": values for name, values in vars(sessions.corpus.dislikes).items()})
    names = {"ids": sessions.vocabulary.ids, "rare": sessions.rare, "newest_rare": sessions.newest_rare}
    write_json(folder / "vocabulary.json", names)
    write_json(folder / "counts.json", asdict(counts))
    write_json(folder / "findings.json", [finding.model_dump() for finding in found])


def prepared_of(folder: Path) -> Prepared:
    """What `write_sessions` has written."""
    names = read_json(folder / "vocabulary.json")
    said = [read_array(folder, f"dislike_{field.name}") for field in fields(Dislikes)]
    dislikes = None if said[0] is None else Dislikes(*said)
    arrays = {name: read_array(folder, name) for name in ARRAYS}
    corpus = Corpus(items=len(names["ids"]), dislikes=dislikes, **arrays)
    vocabulary = Vocabulary(names["ids"], corpus.counts())
    counts = RowCounts(**read_json(folder / "counts.json"))
    kept = folder / "findings.json"  # not there: of a run that the release before began
    found = [LogFinding.model_validate(each) for each in read_json(kept)] if kept.exists() else []
    frequent, rare = read_array(folder, "newest"), names.get("newest_rare")
    if frequent is None or not has_clock(corpus):  # None: of a run that the release before began
        frequent, rare = vocabulary.counts, names["rare"]
    newest = Newest.of(vocabulary.ids, frequent, rare)
    return Prepared(corpus, vocabulary, names["rare"], counts, _fingerprint(corpus, vocabulary), newest, found)


def read_catalogue(log: Prepared, config: TrainConfig, work: Workspace) -> tuple[Catalogue, Prepared]:
    """The items' metadata, without any an empty catalogue; and the log with what is wrong with the metadata among its
    findings. What is no item is kept beside the log's rejects. Raises EventsError."""
    if not config.events.items:
        return Catalogue([], {}), log
    with work.told.step("items") as step:
        look = look_at(config.events, [*log.vocabulary.ids, *log.rare])
        write_rejects(look.items.rejects, work.folder / REJECTED_ITEMS)
        catalogue = Catalogue.from_fields(look.items.fields)
        known = sum(item in catalogue for item in log.vocabulary.ids)
        step.facts |= {"items": len(catalogue.ids), "of_the_vocabulary": known}
        step.facts |= {"rows": look.items.rows, "rejected": len(look.items.rejects), "unavailable": look.items.hidden}
    found = judge_metadata(look)
    for guess in (each for each in found if each.severity == "note"):
        work.told.note("note", finding=guess.code, found=guess.found, advice=guess.advice)
    tell(shared(found), work.told)
    return catalogue, replace(log, findings=[*log.findings, *shared(found)])


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
