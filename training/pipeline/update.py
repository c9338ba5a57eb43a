"""A model from new events alone: the sessions of the model that serves, those that came since, and its settings.

The log is not read again, and nothing is chosen or measured anew: what takes minutes takes seconds. The sessions, the
counts and so the vectors are those that a whole training with these settings would have. They differ in two things: a
session that was under way when the model was trained is two, and of an item that was too rare then, only new events
count towards its vector.
"""

import glob
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from index.artifact.manifest import Manifest, UpdateFacts
from index.artifact.registry import Registry
from index.catalogue.catalogue import Catalogue
from index.errors import NoModel, UpdateImpossible
from index.model import Model as Served
from index.process import keep_freed_memory
from training.check.judge import OF_EVENTS, judge, reading_of
from training.choice.engines import with_engine
from training.config import SessionsConfig, TrainConfig
from training.configfile import config_of
from training.corpus import Corpus
from training.counting.rules import EarlierRules
from training.evaluation.foretold import Foretold, foretell
from training.events.reader import EventBatch
from training.events.sources import known_rows, open_sources
from training.events.sql import connect
from training.pipeline.assemble import assemble
from training.pipeline.cold import untried
from training.pipeline.gate import judge_update
from training.pipeline.lists import Earlier
from training.pipeline.prepare import (
    ARRAYS,
    Prepared,
    RowCounts,
    identity_of,
    prepared_of,
    read_catalogue,
    shared,
    tell,
    write_sessions,
)
from training.pipeline.publish import PLAINLY, Model, Outcome, Publishing, publish
from training.pipeline.train import train_on_all
from training.presets.unfold import unfold
from training.progress import Reporter
from training.sessions.before import Before
from training.sessions.cut import cut_all
from training.sessions.encode import Cut, encode
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json


@dataclass(frozen=True)
class Base:
    """The version that is updated. config: its settings, with the files of the new events."""

    version: str
    manifest: Manifest
    model: Served
    config: TrainConfig


def base_of(
    registry: Registry, events: Mapping[str, Any], version: str | None = None, gate: Mapping[str, Any] | None = None
) -> Base:
    """events, gate: settings of these sections that differ from those of the version: its files, most of all. version:
    None for the one that serves.

    Raises UpdateImpossible for a version that cannot be updated; ConfigError.
    """
    try:
        artifact = registry.open(version)
    except NoModel:
        raise UpdateImpossible("no model serves yet: train whole first, without --update") from None
    manifest = artifact.manifest
    if manifest.imported is not None:
        raise UpdateImpossible(
            f"version {manifest.version} has imported vectors, which new events do not change: give them again with "
            "the new log (`item2vec import VECTORS --events LOG`), or train whole"
        )
    made = manifest.training is not None and manifest.training.engine is not None and manifest.metrics is not None
    if not made or manifest.trained_on != "all":
        raise UpdateImpossible(
            f"version {manifest.version} was made by release 0.1, or of a part of its log: train whole, once"
        )
    config = unfold(config_of(artifact, events, gate), registry.root)
    items = config.events.items
    if items and "items" not in events and not any(map(_is_there, items)):  # the metadata stays as it was
        config = config.model_copy(update={"events": config.events.model_copy(update={"items": ()})})
    return Base(manifest.version, manifest, Served(artifact), config)


def update(
    base: Base, models: Path, told: Reporter, later: bool, force: bool = False, how: Publishing = PLAINLY
) -> Outcome:
    """Publishes the base with the new events, and makes it current when the gate lets it, or `force` does.

    later: take only events that are later than all of the base's, where the log has a clock: the files may hold the
    others too. Raises an Item2vecError.
    """
    keep_freed_memory()
    registry, config = Registry(models), base.config
    registry.sweep()
    with threadpool_limits(1, "blas"), Workspace(models, identity_of_update(base), told) as work:
        if work.resumed:
            told.note("resumed", steps=",".join(work.resumed))
        log, new = _joined(base, later, work)
        items, log = _items(base, log, work)
        with told.step("foretold") as step:
            found = foretell(base.model.recommender, _corpus(base), new, config.trainer.workers, config.seed)
            step.facts |= {"prefixes": found.prefixes, **{f"{task}_hr@20": hr for task, hr in found.hr20.items()}}
        assert base.manifest.training is not None  # base_of has looked
        assert base.manifest.metrics is not None
        engine = with_engine(config, base.manifest.training.engine or "spectral")
        final = train_on_all(log, items, registry, engine, work)
        recommender, artifact = base.model.recommender.scorer.config, base.model.artifact
        ranks = artifact.array("evaluation_ranks", mmap=False) if artifact.has("evaluation_ranks.npy") else None
        content = base.manifest.content or untried(config)
        earlier = _earlier(base, log)
        parts, indexes = assemble(log, final, items, recommender, ranks, config, told, earlier, content)
        facts = _facts(base, log, new, read_json(work.folder / "sessions" / "known.json"), found)
        gate = judge_update(base.model, log, final, found, config.gate, force)
        report = base.manifest.metrics
        model = Model(config, recommender, log, final, parts, indexes, report, facts, content=content)
        return publish(model, gate, registry, how, work)


def identity_of_update(base: Base) -> dict[str, Any]:
    """For `Workspace`: another base is another run."""
    return {**identity_of(base.config), "base": base.version}


def _joined(base: Base, later: bool, work: Workspace) -> tuple[Prepared, Corpus]:
    """(the log as it is now, the new sessions over the base's vocabulary). A step: it resumes."""
    config, evidence, ids = base.config, base.model.evidence, base.model.vocabulary.ids
    rules = _rules(base)

    def make(folder: Path) -> None:
        settings = config.events
        before = Before.of(evidence, ids, base.model.rare)
        if (before.cut.weights is None) == settings.weighed:
            raise UpdateImpossible("the model has weights of events and the new ones have none, or the other way round")
        if config.objective.converts and before.cut.converted is None:
            raise UpdateImpossible("the model does not say which events were conversions, and they count: train whole")
        if config.dislikes and before.cut.dislikes is None:
            raise UpdateImpossible("the model does not say which events were dislikes, and they count: train whole")
        connection = connect(settings.memory_mb, str(folder))
        sources = open_sources(settings, connection, work.folder.parent)
        reading = reading_of(config, connection, sources, work.folder / "rejects.parquet")
        reader = reading.reader
        known = _Known(int(evidence.ends.max()) if later and evidence.clock else None)
        with work.told.step("read", total=known_rows(sources, connection), unit="rows") as step:
            cuts, codes, repeats = cut_all(
                known.without(reader),
                rules,
                settings.session is not None,
                settings.memory_mb,
                config.trainer.workers,
                folder,
                watch=reading.census,
                strangers=reading.strangers,
            )
            came = sum(int((part.lengths >= rules.min_length).sum()) for part in cuts)
            if not came:
                raise UpdateImpossible(
                    f"the files hold no session that is later than the model: of {reader.counts.rows} rows "
                    f"{known.count} are not later than its last event, and what is left makes no session"
                )
            new = _over(cuts, codes, {item: row for row, item in enumerate(ids)})
            sessions = encode(*before.joined(cuts, codes), rules, repeats, before.rare)
            step.facts |= {"rows": reader.counts.rows, "known_before": known.count, "sessions": came}
            step.facts |= {"items": sessions.corpus.items, "rejected": sum(reader.counts.rejected.values())}
        data = base.manifest.data
        removed = _added(data.removed, reader.counts.dropped, sessions.counts.removed())
        rejected = _added(data.rejected, reader.counts.rejected)
        counts = RowCounts(
            rows=data.events + reader.counts.rows - known.count,
            rejected=rejected,
            removed=removed,
            empty_files=list(sources.empty),
            repeat_share=repeats.share,
            repeats_kept=repeats.kept,
        )
        write_sessions(folder, sessions, counts, shared(judge(reading.exam(sessions), OF_EVENTS)))
        write_arrays(folder, **{f"new_{name}": getattr(new, name) for name in ARRAYS})
        write_json(folder / "known.json", known.count)

    folder = work.step("sessions", make)
    new = Corpus(items=len(ids), **{name: read_array(folder, f"new_{name}") for name in ARRAYS})
    log = prepared_of(folder)
    tell(log.findings, work.told)
    return log, new


def _rules(base: Base) -> SessionsConfig:
    """Immediate repeats are treated as in the base: a few new events may look otherwise than the whole log."""
    rules, report = base.config.sessions, base.manifest.metrics
    if report is None or report.repeats is None:
        return rules
    return rules.model_copy(update={"collapse_repeats": not report.repeats.kept})


class _Known:
    """Events that the base has seen: those not later than its last one. until: microseconds; None: nothing is left out.
    count: of those left out."""

    def __init__(self, until: int | None) -> None:
        self._until = until
        self.count = 0

    def without(self, batches: Iterable[EventBatch]) -> Iterator[EventBatch]:
        for batch in batches:
            if self._until is None:
                yield batch
                continue
            new = batch.times > self._until
            self.count += int((~new).sum())
            yield batch.where(new)


def _over(cuts: list[Cut], codes: list[str], rows: Mapping[str, int]) -> Corpus:
    """The new sessions over the vocabulary of the base, without items that it does not know."""
    row_of = np.array([rows.get(item, -1) for item in codes], dtype=np.int32)
    tokens = row_of[np.concatenate([part.items for part in cuts])]
    lengths = np.concatenate([part.lengths for part in cuts])
    corpus = Corpus(
        tokens=np.maximum(tokens, 0),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        starts=np.concatenate([part.starts for part in cuts]),
        ends=np.concatenate([part.ends for part in cuts]),
        items=len(rows),
    )
    return corpus.where(tokens >= 0, min_length=2)


def _earlier(base: Base, log: Prepared) -> Earlier:
    """The base's lists, and which items have more events than in the base."""
    before, now = base.model.vocabulary, log.vocabulary
    place = {item: row for row, item in enumerate(now.ids)}
    row_of = np.array([place.get(item, -1) for item in before.ids], dtype=np.int32)
    there = row_of >= 0
    counts = np.zeros(len(now), dtype=np.int64)
    counts[row_of[there]] = before.counts[there]

    def renumbered(lists: NDArray[np.int32]) -> NDArray[np.int32]:
        found = np.full((len(now), lists.shape[1]), -1, dtype=np.int32)
        found[row_of[there]] = np.where(lists >= 0, row_of[np.maximum(lists, 0)], -1)[there]
        return found

    changed = now.counts != counts
    source = np.full(len(now), -1, dtype=np.int32)
    source[row_of[there]] = np.flatnonzero(there)
    source[changed] = -1
    scorer, stored = base.model.recommender.scorer, base.model.stored
    used = scorer.config.used_counts().items() if there.all() else ()
    evidence = base.model.evidence
    held = np.diff(evidence.sessions, prepend=-1) != 0
    held[evidence.offsets[:-1][np.diff(evidence.offsets) > 0]] = True  # the first of an item
    baskets = np.add.reduceat(held, evidence.offsets[:-1])
    seen = {True: baskets, False: before.counts}
    rules = {cfg: EarlierRules(scorer.rules[name], seen[cfg.baskets], row_of, source) for name, cfg in used}
    return Earlier(renumbered(stored["similar"].rows), renumbered(stored["next"].rows), changed, rules)


def _corpus(base: Base) -> Corpus:
    evidence = base.model.evidence
    assert evidence.starts is not None
    tokens, offsets = evidence.tokens()
    return Corpus(tokens, offsets, evidence.starts, evidence.ends, len(base.model.vocabulary), evidence.weights)


def _is_there(path: str) -> bool:
    return Path(path).exists() or bool(glob.glob(path, recursive=True))


def _items(base: Base, log: Prepared, work: Workspace) -> tuple[Catalogue, Prepared]:
    """As `read_catalogue`, the metadata as it is now; as it was, where its files are gone."""
    return read_catalogue(log, base.config, work) if base.config.events.items else (base.model.catalogue, log)


def _facts(base: Base, log: Prepared, new: Corpus, known: int, found: Foretold) -> UpdateFacts:
    before, last = base.manifest.data, base.manifest.update
    whole, tokens = (base.version, before.tokens) if last is None else (last.whole, last.tokens_whole)
    return UpdateFacts(
        base=base.version,
        whole=whole,
        events=log.counts.rows - before.events,
        sessions=len(log.corpus) - before.sessions,
        items=len(log.vocabulary) - before.items,
        tokens_since=len(log.corpus.tokens) - tokens,
        tokens_whole=tokens,
        foretold=found.hr20,
        known_before=known,
    )


def _added(*counts: Mapping[str, int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return dict(total)
