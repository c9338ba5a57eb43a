"""May this model replace the one that serves? On the same held-out sessions, beyond the interval, and with reasons."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import Gate
from index.report import RANKED_TASKS, Figure, Tasks
from training.evaluation.metrics import Bootstrap, gains
from training.evaluation.records import TASK_CODES

MIN_PREFIXES = 100  # fewer shared prefixes than this decide nothing


@dataclass(frozen=True)
class Rival:
    """Ranks of the model that serves, for some of the same prefixes: RANKS_DTYPE of records.py.

    how: in words, what was compared: the serving model itself on sessions it never saw, or its recorded evaluation.
    """

    version: str
    how: str
    records: NDArray[Any]


def judge(tasks: Tasks, records: NDArray[Any], rival: Rival | None, force: bool, seed: int) -> Gate:
    """Accepted when better than popularity for items or for sessions and worse for neither, and not worse than the
    serving model for either, each beyond a 95 % interval on NDCG@10: it sees hits and places alike, and unlike a hit
    rate still tells methods apart where the catalogue is small.

    records: of the new model, RANKS_DTYPE.
    """
    reasons: list[str] = []
    figures: dict[str, list[int | float]] = {}
    better = worse = False
    for task in RANKED_TASKS:
        popularity = tasks.row(task, "popularity")
        if popularity is None or popularity.behind_item2vec is None:
            continue
        difference, low, high = popularity.behind_item2vec.ndcg10
        figures[f"{task}_against_popularity"] = [difference, low, high]
        better |= low > 0
        if high < 0:
            worse = True
            reasons.append(f"{task}: worse than popularity by {-difference:.4f} NDCG@10 ({low:+.4f} to {high:+.4f})")
    if figures and not better and not worse:
        reasons.append("not better than popularity beyond the interval, neither after an item nor in a session")
    if rival is not None:
        for task, code in TASK_CODES.items():
            prefixes, lead = _compare(
                records[records["task"] == code], rival.records[rival.records["task"] == code], seed
            )
            if lead is None:  # too few shared prefixes decide nothing
                continue
            difference, low, high = lead
            figures[f"{task}_against_{rival.version}"] = [difference, low, high]
            figures[f"{task}_prefixes_shared"] = [prefixes]
            if high < 0:
                reasons.append(
                    f"{task}: worse than {rival.version} ({rival.how}) by {-difference:.4f} NDCG@10 on {prefixes} "
                    f"shared prefixes ({low:+.4f} to {high:+.4f})"
                )
    accepted = not reasons
    return Gate(accepted=accepted or force, forced=force and not accepted, reasons=reasons, figures=figures)


def _compare(ours: NDArray[Any], theirs: NDArray[Any], seed: int) -> tuple[int, Figure | None]:
    """(shared prefixes, NDCG@10 ours - theirs); None when too few are shared."""
    place = {(int(r["session"]), int(r["position"])): int(r["rank"]) for r in theirs}
    shared = [(i, place[key]) for i, r in enumerate(ours) if (key := (int(r["session"]), int(r["position"]))) in place]
    if len(shared) < MIN_PREFIXES:
        return len(shared), None
    at = np.array([i for i, _ in shared])
    their_ranks = np.array([rank for _, rank in shared], dtype=np.int32)
    bootstrap = Bootstrap(ours["session"][at], 1000, np.random.default_rng(seed))
    return len(shared), bootstrap.interval(gains(ours["rank"][at], 10) - gains(their_ranks, 10))
