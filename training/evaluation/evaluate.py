"""The model and its baselines on held-out sessions: the figures an artifact carries.

Tasks. T1: what comes after an item (the last of a prefix). T2: what comes next in a session (the whole prefix). T3: are
an item's neighbours alike (share a category). Every item is ranked; the query item never counts; intervals are over
sessions; comparisons are paired, on the same prefixes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.ranking.recommender import Recommender
from training.baselines.baseline import Baseline
from training.baselines.families import FAMILIES, TASKS_OF
from training.corpus import Corpus
from training.evaluation.metrics import FIGURES, Bootstrap, coverage, gains, gini
from training.evaluation.ranks import rank_all
from training.evaluation.split import HeldOut, Prefixes

Rows = NDArray[np.int32]
Ranks = NDArray[np.int32]

COLD = 10  # items seen at most so often in training are cold
RANKS_DTYPE = np.dtype([("session", np.uint64), ("position", np.int32), ("task", np.uint8), ("rank", np.int32)])
ONLY_POPULARITY = {"T1": {"popularity": 0}, "T2": {"popularity": 0}}  # what the gate needs even without baselines
TASK_CODES = {"T1": 1, "T2": 2}


@dataclass(frozen=True)
class Method:
    """One line of a table. score: prefixes -> dense scores."""

    name: str
    settings: dict[str, Any]
    score: Callable[[Sequence[Rows]], NDArray[np.float32]]


@dataclass(frozen=True)
class Questions:
    """Test prefixes and what the report says about them. items: size of the vocabulary."""

    prefixes: Prefixes
    train: Corpus
    threads: int
    resamples: int
    seed: int

    def bootstrap(self, chosen: NDArray[np.bool_] | slice = slice(None)) -> Bootstrap:
        return Bootstrap(self.prefixes.sessions[chosen], self.resamples, np.random.default_rng(self.seed))


def model_methods(recommender: Recommender, vectors: Recommender, task: str) -> list[Method]:
    """The published blend and the vectors alone, as Recommender ranks them."""
    one_item = task == "T1"

    def of(which: Recommender) -> Callable[[Sequence[Rows]], NDArray[np.float32]]:
        return lambda prefixes: which.scores(prefixes, one_item)

    return [Method("item2vec", {}, of(recommender)), Method("vectors alone", {}, of(vectors))]


def choose_baselines(
    train: Corpus, prefixes: Prefixes, threads: int, progress: Callable[[float], None] = lambda _: None
) -> dict[str, dict[str, int]]:
    """task -> family -> number of the grid's candidate that is best on validation (NDCG@20)."""
    chosen: dict[str, dict[str, int]] = {"T1": {}, "T2": {}}
    for done, (family, candidates) in enumerate(FAMILIES.items(), 1):
        values: dict[str, list[float]] = {"T1": [], "T2": []}
        for baseline in candidates(train):
            for task in TASKS_OF[family]:
                asked = prefixes.last_items() if task == "T1" else prefixes.prefixes
                ranks = rank_all(baseline.scores, asked, prefixes.targets, train.items, threads=threads)
                values[task].append(float(gains(ranks, 20).mean()))
        for task, found in values.items():
            if found:
                chosen[task][family] = int(np.argmax(found))
        progress(done / len(FAMILIES))
    return chosen


def baselines(train: Corpus, chosen: dict[str, int]) -> Iterable[Baseline]:
    """The chosen candidate of each family, fitted on `train`."""
    for family, number in chosen.items():
        yield from islice(FAMILIES[family](train), number, number + 1)


def evaluate(
    questions: Questions,
    recommender: Recommender,
    vectors: Recommender,
    chosen: dict[str, dict[str, int]],
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[dict[str, Any], dict[str, Ranks]]:
    """(tables by task, ranks of the published blend by task)."""
    prefixes, train = questions.prefixes, questions.train
    new = ~prefixes.repeats()
    cold = train.counts()[prefixes.targets] <= COLD
    report: dict[str, Any] = {
        "prefixes": len(prefixes),
        "sessions": len(np.unique(prefixes.sessions)),
        "repeat_share": float(1 - new.mean()) if len(new) else 0.0,
        "cold_share": float(cold.mean()) if len(cold) else 0.0,
        "tasks": {},
    }
    model_ranks: dict[str, Ranks] = {}
    total = sum(2 + len(families) for families in chosen.values())
    done = 0
    for task in ("T1", "T2"):
        asked = prefixes.last_items() if task == "T1" else prefixes.prefixes
        rows: list[dict[str, Any]] = []
        methods: Iterable[Method] = (
            *model_methods(recommender, vectors, task),
            *(Method(r.name, r.settings, r.scores) for r in baselines(train, chosen[task])),
        )
        for method in methods:
            ranks = rank_all(method.score, asked, prefixes.targets, train.items, threads=questions.threads)
            row = figures(questions, ranks)
            row |= {"method": method.name, "settings": method.settings}
            if task not in model_ranks:
                model_ranks[task] = ranks
            else:
                row["behind_item2vec"] = paired(questions, model_ranks[task], ranks)
            if cold.any():
                row["cold_hr@20"] = figures(questions, ranks, cold)["hr@20"]
            if task == "T2" and not new.all() and new.any():
                again = rank_all(
                    method.score,
                    [p for p, n in zip(asked, new, strict=True) if n],
                    prefixes.targets[new],
                    train.items,
                    exclude_seen=True,
                    threads=questions.threads,
                )
                full = np.zeros(len(prefixes), dtype=np.int32)
                full[new] = again
                row["new_items"] = figures(questions, full, new)
            rows.append(row)
            done += 1
            progress(done / total)
        report["tasks"][task] = rows
    top = recommender.recommend(prefixes.prefixes[:2000], 10)[0]
    report["coverage@10"] = coverage(top, train.items)
    report["gini@10"] = gini(top, train.items)
    return report, model_ranks


def figures(questions: Questions, ranks: Ranks, chosen: NDArray[np.bool_] | slice = slice(None)) -> dict[str, Any]:
    """figure -> [mean, low, high] over the chosen prefixes."""
    bootstrap = questions.bootstrap(chosen)
    return {name: list(bootstrap.interval(values(ranks[chosen], k))) for name, (values, k) in FIGURES.items()}


def paired(questions: Questions, ours: Ranks, theirs: Ranks) -> dict[str, list[float]]:
    """figure -> [difference ours - theirs, low, high], on the same prefixes."""
    bootstrap = questions.bootstrap()
    return {
        name: list(bootstrap.interval(values(ours, k) - values(theirs, k)))
        for name, (values, k) in FIGURES.items()
        if name in ("hr@20", "mrr@20", "ndcg@10")
    }


def substitutes(
    neighbours: dict[str, Rows], categories: Sequence[str | None], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Task T3. neighbours: method -> rows of 10 neighbours per item, -1 where there are fewer.

    categories: per row, several joined by "|". Each figure is over the items that have a category: the share of their
    neighbours with a category that share one, and the mean Jaccard index of the two sets; "random" draws neighbours
    from all items that have one.
    """
    sets = [frozenset(c.split("|")) if c else frozenset() for c in categories]
    with_category = [row for row, s in enumerate(sets) if s]
    if not with_category:
        return []
    known = np.array(with_category)
    random = np.full((len(sets), 10), -1, dtype=np.int32)
    random[known] = rng.choice(known, (len(known), 10))
    table = []
    for name, rows in {"random": random, **neighbours}.items():
        shared, jaccard = [], []
        for row in with_category:
            theirs = [sets[b] for b in rows[row, :10] if b >= 0 and b != row and sets[b]]
            if theirs:
                shared.append(float(np.mean([bool(sets[row] & other) for other in theirs])))
                jaccard.append(float(np.mean([len(sets[row] & o) / len(sets[row] | o) for o in theirs])))
        if shared:
            bootstrap = Bootstrap(np.arange(len(shared)), 200, np.random.default_rng(0))
            table.append(
                {
                    "method": name,
                    "shared_category@10": list(bootstrap.interval(np.array(shared))),
                    "jaccard@10": list(bootstrap.interval(np.array(jaccard))),
                }
            )
    return table


def conversions(
    held_out: HeldOut, methods: Sequence[Method], items: int, threads: int, most: int = 17
) -> list[dict[str, Any]]:
    """Where the finally converted item ranks, by clicks left before the conversion (Grbovic & Cheng 2018, figure 6).

    For each held-out session with a conversion of an item: the prefix that ends `left` clicks before it, none of them
    the item itself at the end of the prefix. One dict per `left` that has at least 20 sessions.
    """
    corpus = held_out.corpus
    if corpus.converted is None:
        return []
    asked: dict[int, tuple[list[Rows], list[int]]] = {left: ([], []) for left in range(1, most + 1)}
    for i in range(len(corpus)):
        begin, end = corpus.offsets[i], corpus.offsets[i + 1]
        booked = np.flatnonzero(corpus.converted[begin:end])
        if not len(booked):
            continue
        at = int(booked[-1])
        session = corpus.tokens[begin:end]
        for left in range(1, min(at, most) + 1):
            prefix = session[: at - left + 1]
            if len(prefix) and prefix[-1] != session[at]:
                asked[left][0].append(prefix)
                asked[left][1].append(int(session[at]))
    curve = []
    for left, (prefixes, targets) in asked.items():
        if len(prefixes) < 20:
            continue
        point: dict[str, Any] = {"clicks_left": left, "sessions": len(prefixes)}
        for method in methods:
            ranks = rank_all(method.score, prefixes, np.array(targets, dtype=np.int32), items, threads=threads)
            point[method.name] = {"median_rank": float(np.median(ranks)), "hr@20": float((ranks <= 20).mean())}
        curve.append(point)
    return curve


def session_keys(corpus: Corpus, ids: Sequence[str]) -> NDArray[np.uint64]:
    """A key per session that stays the same from run to run and from vocabulary to vocabulary."""
    keys = np.empty(len(corpus), dtype=np.uint64)
    for i in range(len(corpus)):
        text = f"{corpus.starts[i]}\x1f" + "\x1f".join(ids[row] for row in corpus.session(i))
        keys[i] = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
    return keys


def rank_records(prefixes: Prefixes, keys: NDArray[np.uint64], ranks: dict[str, Ranks]) -> NDArray[Any]:
    """What the artifact keeps, so that a later model can be compared on the same prefixes (RANKS_DTYPE)."""
    parts = []
    for task, values in ranks.items():
        part = np.zeros(len(prefixes), dtype=RANKS_DTYPE)
        part["session"], part["position"] = keys[prefixes.sessions], prefixes.positions
        part["task"], part["rank"] = TASK_CODES[task], values
        parts.append(part)
    return np.concatenate(parts)


def advice(report: dict[str, Any]) -> str:
    """What to serve on this log, in a sentence per task. Judged by NDCG@10, which sees hits and places alike."""
    parts = []
    for task, words in (("T1", "what comes after an item"), ("T2", "what comes next in a session")):
        rows = report["tasks"][task]
        model, others = rows[0], [r for r in rows[1:] if r["method"] != "vectors alone"]
        if not others:
            continue
        rival = max(others, key=lambda r: r["ndcg@10"][0])
        _, low, high = rival["behind_item2vec"]["ndcg@10"]
        name, share = rival["method"], f"NDCG@10 {model['ndcg@10'][0]:.3f} against {rival['ndcg@10'][0]:.3f}"
        if low > 0:
            parts.append(f"For {words}, the model is better than the best baseline, {name} ({share}).")
        elif high < 0:
            parts.append(f"For {words}, {name} is better on your data ({share}): tune the model, or prefer {name}.")
        else:
            parts.append(
                f"For {words}, the model and the best baseline, {name}, cannot be told apart ({share}; the difference "
                f"lies between {low:+.3f} and {high:+.3f})."
            )
    return " ".join(parts) or "No baselines were measured."
