"""May this model replace the one that serves? On the same held-out sessions, beyond the interval, and with reasons."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import Gate
from training.evaluation.evaluate import TASK_CODES
from training.evaluation.metrics import Bootstrap, gains

MIN_PREFIXES = 100  # fewer shared prefixes than this decide nothing


@dataclass(frozen=True)
class Rival:
    """Ranks of the model that serves, for some of the same prefixes: records of evaluate.RANKS_DTYPE.

    how: in words, what was compared: the serving model itself on sessions it never saw, or its recorded evaluation.
    """

    version: str
    how: str
    records: NDArray[Any]


def judge(report: dict[str, Any], records: NDArray[Any], rival: Rival | None, force: bool, seed: int) -> Gate:
    """Accepted when better than popularity for items or for sessions and worse for neither, and not worse than the
    serving model for either, each beyond a 95 % interval on NDCG@10: it sees hits and places alike, and unlike a hit
    rate still tells methods apart where the catalogue is small."""
    reasons, figures = [], {}
    better = worse = 0
    for task in ("T1", "T2"):
        rows = {row["method"]: row for row in report["tasks"][task]}
        if "popularity" not in rows:
            continue
        difference, low, high = rows["popularity"]["behind_item2vec"]["ndcg@10"]
        figures[f"{task}_against_popularity"] = [difference, low, high]
        better += low > 0
        if high < 0:
            worse += 1
            reasons.append(f"{task}: worse than popularity by {-difference:.4f} NDCG@10 ({low:+.4f} to {high:+.4f})")
    if figures and not better and not worse:
        reasons.append("not better than popularity beyond the interval, neither after an item nor in a session")
    if rival is not None:
        for task, code in TASK_CODES.items():
            compared = _compare(records[records["task"] == code], rival.records[rival.records["task"] == code], seed)
            if compared is None:
                continue
            prefixes, difference, low, high = compared
            figures[f"{task}_against_{rival.version}"] = [difference, low, high]
            figures[f"{task}_prefixes_shared"] = [prefixes]
            if high < 0:
                reasons.append(
                    f"{task}: worse than {rival.version} ({rival.how}) by {-difference:.4f} NDCG@10 on {prefixes} "
                    f"shared prefixes ({low:+.4f} to {high:+.4f})"
                )
    accepted = not reasons
    return Gate(accepted=accepted or force, forced=force and not accepted, reasons=reasons, figures=figures)


def _compare(ours: NDArray[Any], theirs: NDArray[Any], seed: int) -> tuple[int, float, float, float] | None:
    """(shared prefixes, NDCG@10 ours - theirs, low, high), or None when too few are shared."""
    place = {(int(r["session"]), int(r["position"])): int(r["rank"]) for r in theirs}
    shared = [(i, place[key]) for i, r in enumerate(ours) if (key := (int(r["session"]), int(r["position"]))) in place]
    if len(shared) < MIN_PREFIXES:
        return None
    at = np.array([i for i, _ in shared])
    their_ranks = np.array([rank for _, rank in shared], dtype=np.int32)
    bootstrap = Bootstrap(ours["session"][at], 1000, np.random.default_rng(seed))
    difference, low, high = bootstrap.interval(gains(ours["rank"][at], 10) - gains(their_ranks, 10))
    return len(shared), difference, low, high
