"""The model that serves, on the prefixes the new one was evaluated on: what the gate compares with."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import Manifest
from index.artifact.registry import Registry
from index.errors import Item2vecError
from index.model import Model
from index.report import RankedTask
from training.evaluation.gate import MIN_PREFIXES, Rival
from training.evaluation.ranks import rank_scored
from training.evaluation.records import RANKS_DTYPE, TASK_CODES, rank_records
from training.evaluation.split import Prefixes, Split


def serving_of(registry: Registry) -> Model | None:
    """None where there is no current model, or it cannot be read: a damaged model must not keep a good one from
    replacing it."""
    version = registry.current()
    return None if version is None else _opened(registry, version)


def _opened(registry: Registry, version: str) -> Model | None:
    try:
        return Model(registry.open(version))
    except Item2vecError:
        return None


def rival_of(
    registry: Registry, serving: Model, test: Split, prefixes: Prefixes, keys: NDArray[np.uint64]
) -> Rival | None:
    """The model's ranks; None where nothing can be compared, since it recorded no evaluation and saw all sessions.

    prefixes: of the test part. keys: of its sessions, see records.session_keys. A model that was trained on everything
    has seen sessions before its last event, so it ranks anew only those that came later. Where these are too few, its
    own recorded evaluation counts too, for the sessions that it held out as well. A model that only took up new events
    since has seen nearly all and measured nothing: then the one that it began with is asked in the same way.
    """
    manifest = serving.manifest
    found = _asked(serving, test, prefixes, keys, expected_of(manifest))
    if manifest.update is None or (found is not None and _shared(found, prefixes, keys) >= MIN_PREFIXES):
        return found
    whole = _opened(registry, manifest.update.whole)
    if whole is None:
        return found
    return _asked(whole, test, prefixes, keys, 0, f"which {manifest.version} began with, ")


def expected_of(manifest: Manifest) -> int:
    """How many of the prefixes it recorded a model of the same log would be measured on too, at least.

    By time nearly all of them, or as many that are newer. Of sessions that are drawn at random again, only the share
    that is drawn; sessions that go on (`last`) are others the next time. An update has recorded nothing itself.
    """
    report = manifest.metrics
    if report is None or manifest.update is not None or report.split.kind == "last":
        return 0
    share = 1.0
    if "gate" not in manifest.config and report.split.targets:
        # Before there was this section, prefixes were drawn by place, so that two samples of a large part differ.
        share = report.prefixes / max(report.prefixes, report.split.targets - report.split.unknown_targets)
    if report.split.kind == "session":
        share *= float(manifest.config["evaluation"]["test_share"])
    return int(report.prefixes * share)


def _asked(
    model: Model, test: Split, prefixes: Prefixes, keys: NDArray[np.uint64], expected: int, how: str = ""
) -> Rival | None:
    """how: what else is to be said of the model."""
    version, last = model.manifest.version, model.manifest.data.last_event
    parts = []
    if last is not None:
        trained_until = min(last, model.manifest.created)  # a wrong time in the future is no event that it has seen
        starts = test.held_out.corpus.starts[prefixes.sessions]
        fresh = np.flatnonzero(starts > int(trained_until.timestamp() * 1e6))
        if len(fresh):
            parts.append(_ranked_now(model, prefixes, fresh, keys, test.ids))
        if len(fresh) >= MIN_PREFIXES:
            return Rival(version, f"{how}on sessions it never saw", parts[0], expected)
    if model.artifact.has("evaluation_ranks.npy"):
        parts.append(model.artifact.array("evaluation_ranks", mmap=False))
    if not parts:
        return None
    said = "as it was evaluated" + (", and on sessions it never saw" if len(parts) > 1 else "")
    return Rival(version, how + said, np.concatenate(parts).astype(RANKS_DTYPE), expected)


def _shared(rival: Rival, prefixes: Prefixes, keys: NDArray[np.uint64]) -> int:
    known = {(int(r["session"]), int(r["position"])) for r in rival.records}
    asked = zip(keys[prefixes.sessions].tolist(), prefixes.positions.tolist(), strict=True)
    return sum(question in known for question in asked)


def _ranked_now(
    model: Model, prefixes: Prefixes, chosen: NDArray[np.int64], keys: NDArray[np.uint64], ids: list[str]
) -> NDArray[Any]:
    """Ranks in the model's own vocabulary: what it does not know it cannot recommend, and that is a miss."""
    vocabulary, part = model.vocabulary, prefixes.take(chosen)
    rows = np.array([vocabulary.row(item) if item in vocabulary else -1 for item in ids], dtype=np.int32)
    targets = rows[part.targets]
    ranks: dict[RankedTask, NDArray[np.int32]] = {}
    for task in TASK_CODES:
        # T1 asks from the last item itself: where the model does not know it, it has no answer.
        known = [rows[p][rows[p] >= 0] for p in part.asked(task)]
        asks = np.flatnonzero(np.array([len(p) > 0 for p in known]) & (targets >= 0))
        score = partial(model.recommender.scores, one_item=task == "T1")
        ranks[task] = np.zeros(len(part), dtype=np.int32)
        ranks[task][asks] = rank_scored(score, [known[i] for i in asks], targets[asks], len(vocabulary))
    return rank_records(part, keys, ranks)
