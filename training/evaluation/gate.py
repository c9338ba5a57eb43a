"""May this model replace the one that serves? Question by question, with figures, and always with reasons."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import Gate
from index.report import RANKED_TASKS, Figure, Tasks
from training.evaluation.metrics import Bootstrap, gains
from training.evaluation.records import TASK_CODES
from training.replacement import GateConfig

MIN_PREFIXES = 100  # fewer shared prefixes than this decide nothing
ADVICE = (
    "if this is meant: activate this version (item2vec models activate, or POST /models/{version}/activate), or train "
    "again with --force (POST /retrain: force); over HTTP both need a key with the scope admin"
)


@dataclass(frozen=True)
class Point:
    """What one question of the gate came to. reasons: what speaks against the model. notes: what could not be asked,
    and why not."""

    reasons: list[str] = field(default_factory=list)
    figures: dict[str, list[int | float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rival:
    """Ranks of the model that serves, for some of the same prefixes: RANKS_DTYPE of records.py.

    how: in words, what was compared: the serving model itself on sessions it never saw, or its recorded evaluation.
    expected: how many prefixes two models of this log should share, at least; 0 where that cannot be foretold.
    """

    version: str
    how: str
    records: NDArray[Any]
    expected: int = 0


def judge(points: Iterable[Point], force: bool) -> Gate:
    """Accepted where nothing speaks against it, or by force."""
    points = list(points)
    reasons = [reason for point in points for reason in point.reasons]
    return Gate(
        accepted=force or not reasons,
        forced=force and bool(reasons),
        reasons=reasons,
        figures={name: figure for point in points for name, figure in point.figures.items()},
        notes=[note for point in points for note in point.notes],
        advice=ADVICE if reasons and not force else None,
    )


def beside_popularity(tasks: Tasks) -> Point:
    """Better for items or for sessions and worse for neither, beyond a 95 % interval on NDCG@10: it sees hits and
    places alike, and unlike a hit rate still tells methods apart where the catalogue is small."""
    found = Point()
    better = worse = False
    for task in RANKED_TASKS:
        popularity = tasks.row(task, "popularity")
        if popularity is None or popularity.behind_item2vec is None:
            continue
        difference, low, high = popularity.behind_item2vec.ndcg10
        found.figures[f"{task}_against_popularity"] = [difference, low, high]
        better |= low > 0
        if high < 0:
            worse = True
            found.reasons.append(
                f"{task}: worse than popularity by {-difference:.4f} NDCG@10 ({low:+.4f} to {high:+.4f})"
            )
    if found.figures and not better and not worse:
        found.reasons.append("not better than popularity beyond the interval, neither after an item nor in a session")
    return found


def beside_rival(records: NDArray[Any], rival: Rival, limits: GateConfig, seed: int) -> Point:
    """Not worse than the model that serves, neither for items nor for sessions, beyond a 95 % interval on NDCG@10.

    Where too few prefixes are shared to tell, a refusal, if the log is one of which more could be expected: then the
    sessions are cut otherwise, or are others. records: of the new model, RANKS_DTYPE.
    """
    found = Point()
    most = 0
    for task, code in TASK_CODES.items():
        prefixes, lead = _compare(records[records["task"] == code], rival.records[rival.records["task"] == code], seed)
        most = max(most, prefixes)
        found.figures[f"{task}_prefixes_shared"] = [prefixes]
        if lead is None:  # too few shared prefixes decide nothing
            continue
        difference, low, high = lead
        found.figures[f"{task}_against_{rival.version}"] = [difference, low, high]
        if high < 0:
            found.reasons.append(
                f"{task}: worse than {rival.version} ({rival.how}) by {-difference:.4f} NDCG@10 on {prefixes} "
                f"shared prefixes ({low:+.4f} to {high:+.4f})"
            )
    if most < MIN_PREFIXES:
        few = f"{most} test prefixes are shared with version {rival.version}"
        if limits.compared and rival.expected >= MIN_PREFIXES:
            found.reasons.append(
                f"not comparable with the model that serves: only {few}, and {MIN_PREFIXES} are needed; the rules of "
                "the sessions, the test part or the files are others than its own (gate.compared)"
            )
        else:
            found.notes.append(f"not compared with the model that serves: {few}, and {MIN_PREFIXES} are needed")
    return found


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
