"""The model that serves, on the prefixes the new one was evaluated on: what the gate compares with."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.registry import Registry
from index.errors import Item2vecError
from index.model import Model
from index.report import RankedTask
from training.evaluation.gate import MIN_PREFIXES, Rival
from training.evaluation.ranks import rank_scored
from training.evaluation.records import TASK_CODES, rank_records
from training.evaluation.split import Prefixes, Split


def rival_of(registry: Registry, test: Split, prefixes: Prefixes, keys: NDArray[np.uint64]) -> Rival | None:
    """The current model's ranks, or None where there is no current model or it cannot be read.

    prefixes: of the test part. keys: of its sessions, see records.session_keys. A model that was trained on everything
    has seen sessions before its last event, so it ranks anew only those that came later; for the others its own
    recorded evaluation counts, where it held out the same sessions.
    """
    version = registry.current()
    if version is None:
        return None
    try:
        artifact = registry.open(version)
        model = Model(artifact)
    except Item2vecError:
        return None  # a damaged model must not keep a good one from replacing it
    trained_until = artifact.manifest.data.last_event
    if trained_until is not None:
        starts = test.held_out.corpus.starts[prefixes.sessions]
        fresh = np.flatnonzero(starts > int(trained_until.timestamp() * 1e6))
        if len(fresh) >= MIN_PREFIXES:
            return Rival(version, "on sessions it never saw", _ranked_now(model, prefixes, fresh, keys, test.ids))
    if not artifact.has("evaluation_ranks.npy"):
        return None
    return Rival(version, "as it was evaluated", artifact.array("evaluation_ranks", mmap=False))


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
