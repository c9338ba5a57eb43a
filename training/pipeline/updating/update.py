"""A model from new events alone: the sessions of the model that serves, those that came since, and its settings.

The log is not read again, and nothing is chosen or measured anew: what takes minutes takes seconds. The sessions, the
counts and so the vectors are those that a whole training with these settings would have. They differ in two things: a
session that was under way when the model was trained is two, and of an item that was too rare then, only new events
count towards its vector.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from index.artifact.manifest import UpdateFacts
from index.artifact.registry import Registry
from index.catalogue.catalogue import Catalogue
from index.process import keep_freed_memory
from training.choice.engines import with_engine
from training.corpus import Corpus
from training.counting.rules import EarlierRules
from training.evaluation.foretold import Foretold, foretell
from training.pipeline.assemble import assemble
from training.pipeline.content.cold import untried
from training.pipeline.content.seldom import with_content
from training.pipeline.gate import judge_update
from training.pipeline.lists import Earlier
from training.pipeline.prepare import (
    Prepared,
    identity_of,
    read_catalogue,
)
from training.pipeline.publish import PLAINLY, Model, Outcome, Publishing, publish
from training.pipeline.train import train_on_all
from training.pipeline.updating.base import Base, corpus_of
from training.pipeline.updating.join import joined
from training.progress import Reporter
from training.workspace import Workspace, read_json


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
        log, new = joined(base, later, work)
        items, log = _items(base, log, work)
        with told.step("foretold") as step:
            found = foretell(base.model.recommender, corpus_of(base), new, config.trainer.workers, config.seed)
            step.facts |= {"prefixes": found.prefixes, **{f"{task}_hr@20": hr for task, hr in found.hr20.items()}}
        assert base.manifest.training is not None  # base_of has looked
        assert base.manifest.metrics is not None
        engine = with_engine(config, base.manifest.training.engine or "spectral")
        content = base.manifest.content or untried(config)
        final = with_content(train_on_all(log, items, registry, engine, work), items, content, config, work)
        recommender, artifact = base.model.recommender.scorer.config, base.model.artifact
        ranks = artifact.array("evaluation_ranks", mmap=False) if artifact.has("evaluation_ranks.npy") else None
        earlier = _earlier(base, log)
        parts, indexes = assemble(log, final, items, recommender, ranks, config, told, earlier, content)
        # What is known of users is in the log that the base was trained on.
        parts = replace(parts, types=base.model.types and base.model.types.over(final.ids, items))
        facts = _facts(base, log, new, read_json(work.folder / "sessions" / "known.json"), found)
        gate = judge_update(base.model, log, final, found, config.gate, force)
        report = base.manifest.metrics
        model = Model(config, recommender, log, final, parts, indexes, report, facts, content=content)
        return publish(model, gate, registry, how, work)


def identity_of_update(base: Base) -> dict[str, Any]:
    """For `Workspace`: another base is another run."""
    return {**identity_of(base.config), "base": base.version}


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
