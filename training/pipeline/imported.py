"""A run whose vectors are given: read them, let them meet the log, choose and measure what is made of them, publish.

With a log everything is as in a training, but for the vectors themselves; without one nothing can be measured, and what
comes next is what is similar.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from index.artifact.manifest import ImportFacts
from index.artifact.registry import Registry
from index.errors import ConfigError, VectorsError
from index.process import keep_freed_memory
from index.ranking.settings import RecommenderConfig
from index.vocabulary import Vocabulary
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.kept import Newest
from training.evaluation.split import split_test
from training.objective.settings import ObjectiveConfig
from training.pipeline.assemble import assemble
from training.pipeline.choose import choose_settings
from training.pipeline.content.cold import choose_content, untried, with_cold
from training.pipeline.gate import SEEN, judge_run, judge_unmeasured, look_ahead
from training.pipeline.gather import Given
from training.pipeline.measure import measure
from training.pipeline.meeting import Meeting, examples, meet
from training.pipeline.prepare import Prepared, RowCounts, identity_of, prepare, read_catalogue
from training.pipeline.publish import PLAINLY, Model, Outcome, Publishing, publish
from training.progress import Reporter
from training.trainers.spaces import Spaces
from training.types.learn import learn_types
from training.vectors.found import rows_at_once
from training.vectors.matrix import Matrix, read_matrix, write_matrix
from training.vectors.source import Opened, VectorsFile, open_vectors
from training.workspace import Workspace, read_json, write_json

ALONE = "the same as similar: there was no log"
WITH_LOG = "the vectors and what the log counted, weighed on validation"
WITH_LOG_AS_SET = "the vectors and what the log counted, weighed as set"


@dataclass(frozen=True)
class Import:
    """What is imported. outputs: vectors of the items as context, for what comes next; None: the same vectors.

    metric: whether similar is the cosine of two vectors or their inner product; None: as the settings have it. percent:
    see `write_matrix`.
    """

    file: VectorsFile
    outputs: VectorsFile | None = None
    metric: Literal["cosine", "dot"] | None = None
    percent: bool | None = None


def import_vectors(
    what: Import, config: TrainConfig, models: Path, told: Reporter, force: bool = False, how: Publishing = PLAINLY
) -> Outcome:
    """Publishes the vectors as a version, and makes it current when the gate lets it, or `force` does.

    Raises an Item2vecError: VectorsError for what is no vectors, and what `run` raises. Whatever happens, the model
    that was current stays so until the new one is complete.
    """
    keep_freed_memory()
    registry = Registry(models)
    registry.sweep()
    config = settled(what, config)
    opened = open_vectors(what.file)
    pair = None if what.outputs is None else open_vectors(what.outputs)
    files = opened.files if pair is None else (*opened.files, *pair.files)
    with threadpool_limits(1, "blas"), Workspace(models, identity_of_import(what, files, config), told) as work:
        if work.resumed:
            told.note("resumed", steps=",".join(work.resumed))
        inputs = _read("vectors", opened, what.percent, work)
        outputs = None if pair is None else _read("outputs", pair, what.percent, work)
        if outputs is not None:
            _check_pair(inputs, outputs, what.outputs)
        given = Given(inputs, outputs)
        if config.events.paths and config.events.dislike_types:
            told.note("dislikes", in_sessions=False, pushed_away=False, reason="imported vectors stay as they are")
        published = _with_log if config.events.paths else _alone
        return published(what, config, given, registry, force, how, work)


def settled(what: Import, config: TrainConfig) -> TrainConfig:
    """The settings, with the metric among them, and nothing that vectors would learn. Raises ConfigError for what does
    not go together."""
    if not config.evaluation.publish_all:
        raise ConfigError(
            "evaluation.publish_all: imported vectors are the same for every part of the log; leave it on"
        )
    reading = config.recommender.similar_reading
    if (what.metric, reading) in (("cosine", "dot"), ("dot", "sum")):
        raise ConfigError(f"--metric {what.metric} and recommender.similar_reading {reading}: give one of them")
    if what.metric == "dot":
        reading = "dot"
    if named := learnt_from(config.objective):
        raise ConfigError(
            f"objective.{named[0]}: imported vectors stay as they are and learn nothing from the log; leave it out, or "
            "train with `item2vec train`"
        )
    recommender = config.recommender.model_copy(update={"similar_reading": reading})
    # Dislikes are no items of a session here too; there is nothing that could be pushed away from them.
    return config.model_copy(update={"recommender": recommender, "objective": ObjectiveConfig(dislike_weight=0)})


def learnt_from(objective: ObjectiveConfig) -> list[str]:
    """The settings that would change vectors. The weight of dislikes is not off by default: only another counts."""
    weight = objective.dislike_weight not in (0, ObjectiveConfig().dislike_weight)
    given = {
        "conversion_context": objective.conversion_context,
        "conversion_weight": objective.conversion_weight != 1,
        "dislike_weight": weight,
        "segment_negatives": objective.segment_negatives,
        "attributes": objective.attributes,
        "walks": objective.walks,
    }
    return [name for name, value in given.items() if value]


def identity_of_import(what: Import, files: Sequence[Path], config: TrainConfig) -> dict[str, Any]:
    """For `Workspace`: other vectors, or another log, are another run. files: of the vectors and their ids."""
    stamps = [(str(path), os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in files]
    shown = {"config": config.model_dump(mode="json", exclude={"gate"}), "files": []}
    log = identity_of(config) if config.events.paths else shown
    return {"import": repr(replace(what, metric=None)), "vectors": stamps, "log": log}


def _read(name: str, opened: Opened, percent: bool | None, work: Workspace) -> Matrix:
    def make(folder: Path) -> None:
        with work.told.step(name, total=opened.found.rows, unit="vectors") as step:
            found = write_matrix(opened, percent, folder, step)
            step.facts |= {"format": found["kind"], "numbers": found["dtype"], "vectors": len(found["ids"])}
            if found["zero"]:
                step.facts |= {"zero": found["zero"]}
            if found["decoded"]:
                step.facts |= {"ids": "percent-encoded"}
        write_json(folder / "matrix.json", found)

    folder = work.step(name, make)
    return read_matrix(folder, read_json(folder / "matrix.json"))


def _check_pair(inputs: Matrix, outputs: Matrix, file: VectorsFile | None) -> None:
    path = None if file is None else file.path
    if inputs.vectors.shape[1] != outputs.vectors.shape[1]:
        raise VectorsError(
            f"has vectors of {outputs.vectors.shape[1]} numbers, the others have {inputs.vectors.shape[1]}", path
        )
    lacking = set(inputs.ids) ^ set(outputs.ids)
    if lacking:
        raise VectorsError(
            f"must be of the same items as the other vectors: {len(lacking):,} items are in one of the two only, such "
            f"as {min(lacking)!r}",
            path,
        )


def _with_log(
    what: Import, config: TrainConfig, given: Given, registry: Registry, force: bool, how: Publishing, work: Workspace
) -> Outcome:
    told = work.told
    log = prepare(config, work)
    meeting = meet(log, given.inputs.ids, what.file.path)
    told.note(
        "meet",
        in_both=meeting.in_log,
        log_only=meeting.log_only,
        log_only_events=meeting.log_only_events,
        vectors_only=meeting.vectors_only,
    )
    for side, some in examples(meeting, given.inputs.ids).items():
        told.note("meet", **{side: some})
    look_ahead(registry, log, config, told)
    items, served = read_catalogue(meeting.served(), config, work)
    types = learn_types(served.vocabulary, served.rare, items, config, work)
    test = split_test(meeting.corpus, meeting.ids, config, meeting.given)
    chosen = choose_settings(test, items, config, work, given)
    content = choose_content(test, items, chosen, config, work, given, seldom=False)
    measured = measure(test, items, chosen, config, work, log.counts, given)
    measured = with_cold(measured, test, items, chosen, content, config, work)
    measured = replace(measured, report=measured.report.model_copy(update={"advice": _honest(measured.report.advice)}))
    final = given.fit("train", served.corpus, served.vocabulary.ids, config, work)
    parts, indexes = assemble(served, final, items, chosen.blend, measured.records, config, told, None, content)
    parts = replace(parts, types=types)
    with told.step("gate") as step:
        gate = judge_run(registry, served, final, test, measured, config, force)
        step.facts |= {"accepted": gate.accepted, "forced": gate.forced}
    facts = _facts(given, chosen.blend, WITH_LOG if config.evaluation.blend else WITH_LOG_AS_SET, meeting)
    model = Model(config, chosen.blend, served, final, parts, indexes, measured.report, imported=facts, content=content)
    return publish(model, gate, registry, how, work)


def _alone(
    what: Import, config: TrainConfig, given: Given, registry: Registry, force: bool, how: Publishing, work: Workspace
) -> Outcome:
    if config.types.item:
        raise ConfigError("types.item: types are learnt from a log, and there is none: give it, or leave types out")
    told, ids = work.told, given.inputs.ids
    log = _no_log(given)
    items, log = read_catalogue(log, config, work)
    final = given.fit("train", log.corpus, ids, config, work)
    following = _same_as_similar(config.recommender, final.spaces)
    content = untried(config)
    parts, indexes = assemble(log, final, items, following, None, config, told, None, content)
    with told.step("gate") as step:
        gate = judge_unmeasured(registry, log, final, config.gate, force)
        step.facts |= {"accepted": gate.accepted, "forced": gate.forced}
    facts = _facts(given, following, ALONE)
    model = Model(config, following, log, final, parts, indexes, None, imported=facts, content=content)
    return publish(model, gate, registry, how, work)


def _same_as_similar(config: RecommenderConfig, spaces: Spaces) -> RecommenderConfig:
    """Without a log there are no counts, and nothing to choose weights on. Where there are two matrices, they are what
    they are for: inputs ask, outputs answer."""
    one = spaces.next.inputs is spaces.next.outputs
    reading = "in-out" if config.similar_reading == "dot" else "in-in" if one else "in-out-cosine"
    alone = {"vectors": 1.0}
    update = {"next_reading": reading, "counts": {}, "item": alone, "session": alone, "last_may_return": False}
    return config.model_copy(update=update)


def _no_log(given: Given) -> Prepared:
    ids, empty = given.inputs.ids, np.empty(0, dtype=np.int64)
    digest = hashlib.sha256("\x1f".join(ids).encode())
    for begin in range(0, len(ids), size := rows_at_once(given.inputs.vectors.shape[1])):
        digest.update(np.ascontiguousarray(given.inputs.vectors[begin : begin + size]).tobytes())
    corpus = Corpus(np.empty(0, dtype=np.int32), np.zeros(1, dtype=np.int64), empty, empty, len(ids))
    nothing = np.zeros(len(ids), dtype=np.int64)
    counts = RowCounts(rows=0, rejected={}, removed={}, empty_files=[], repeat_share=0.0, repeats_kept=False)
    vocabulary = Vocabulary(ids, nothing)
    return Prepared(corpus, vocabulary, {}, counts, digest.hexdigest(), Newest.of(ids, nothing, {}), findings=[])


def _facts(given: Given, recommender: RecommenderConfig, following: str, meeting: Meeting | None = None) -> ImportFacts:
    inputs = given.inputs
    return ImportFacts(
        kind=inputs.kind,
        dtype=inputs.dtype,
        vectors=len(inputs.ids),
        dims=inputs.vectors.shape[1],
        zero=inputs.zero,
        matrices=1 if given.outputs is None else 2,
        metric="dot" if recommender.similar_reading == "dot" else "cosine",
        next=following,
        in_log=meeting and meeting.in_log,
        log_only=meeting and meeting.log_only,
        log_only_events=meeting and meeting.log_only_events,
        vectors_only=meeting and meeting.vectors_only,
    )


def _honest(advice: str) -> str:
    return f"{advice} {SEEN[0].upper()}{SEEN[1:]}."
