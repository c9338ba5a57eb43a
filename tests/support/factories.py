"""Small logs and models for tests: two groups of items that never mix, so neighbours must stay in their group."""

import csv
from pathlib import Path

import numpy as np

from training.config import ColdConfig, EvaluationConfig, SessionsConfig, TrainConfig, TrainerConfig
from training.corpus import Corpus
from training.eventsconfig import EventsConfig

GROUPS = ("a", "b")
PER_GROUP = 10


def corpus_of(sessions: list[list[int]], items: int | None = None, gap: int = 3_600_000_000) -> Corpus:
    """Sessions an hour apart, from 2023-11-14 on; one second between the events of a session."""
    tokens = np.array([t for s in sessions for t in s], dtype=np.int32)
    starts = 1_700_000_000_000_000 + np.arange(len(sessions), dtype=np.int64) * gap
    lengths = np.array([len(s) for s in sessions], dtype=np.int64)
    return Corpus(
        tokens=tokens,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        starts=starts,
        ends=starts + (lengths - 1) * 1_000_000,
        items=items or (int(tokens.max()) + 1 if len(tokens) else 0),
    )


def two_groups(sessions: int = 400, seed: int = 1, length: int = 6) -> Corpus:
    """Items 0 to 9 and 10 to 19; each session stays in one group, and often goes to the next number."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(sessions):
        base = PER_GROUP * (i % 2)
        at = int(rng.integers(PER_GROUP))
        session = [base + at]
        for _ in range(length - 1):
            at = (at + 1) % PER_GROUP if rng.random() < 0.7 else int(rng.integers(PER_GROUP))
            session.append(base + at)
        found.append(session)
    return corpus_of(found, items=2 * PER_GROUP)


def write_log(path: Path, sessions: int = 400, seed: int = 1) -> Path:
    """The two groups as a CSV log with titles a0 ... b9 as ids, and items.csv beside it."""
    corpus = two_groups(sessions, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "timestamp"])
        for i in range(len(corpus)):
            for j, token in enumerate(corpus.session(i).tolist()):
                writer.writerow([f"user {i % 50}", name_of(token), corpus.starts[i] // 1_000_000 + j])
    with (path.parent / "items.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "title", "category"])
        writer.writerows([name_of(t), f"Title of {name_of(t)}", GROUPS[t // PER_GROUP]] for t in range(2 * PER_GROUP))
        writer.writerow(["new", "Never in a session", "a"])
    return path


def name_of(token: int) -> str:
    return f"{GROUPS[token // PER_GROUP]}{token % PER_GROUP}"


IDS = [name_of(token) for token in range(2 * PER_GROUP)]  # row -> item of two_groups


def quick_config(log: Path, seed: int = 1, **evaluation: object) -> TrainConfig:
    """Seconds, not minutes: few dimensions and epochs, few prefixes, no baselines unless asked for."""
    settings = {"prefixes": 300, "bootstrap": 50, "baselines": False} | evaluation
    return TrainConfig(
        events=EventsConfig(paths=(str(log),), items=(str(log.parent / "items.csv"),)),
        sessions=SessionsConfig(min_item_count=2, collapse_repeats=True),  # the two groups repeat items by chance
        trainer=TrainerConfig(dims=16, epochs=5, workers=1),
        evaluation=EvaluationConfig.model_validate(settings),
        cold=ColdConfig(method="off"),  # tests of it have a world of their own
        seed=seed,
    )


def vectors_only(folder: Path) -> Path:
    """Settings in a file: nothing but vectors has a weight."""
    file = folder / "vectors.toml"
    file.write_text('[recommender]\nnext_reading = "in-out"\nitem = { vectors = 1.0 }\nsession = { vectors = 1.0 }\n')
    return file
