"""Types from the log and the catalogue: buckets, one training of both sides, and what is made of the vectors."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import Catalogue
from index.errors import ConfigError
from index.ranking.readings import normalised
from index.search.exact import Floats
from index.types.buckets import Buckets
from index.types.file import packed, unpacked
from index.types.types import NO_TYPE, Kinds, Types
from index.vocabulary import Vocabulary
from training.config import STEPS, TrainConfig, TrainerConfig
from training.corpus import Corpus
from training.progress import Step
from training.trainers.spaces import train_plainly
from training.types.meetings import Meetings, read_meetings
from training.types.sequences import corpus_of
from training.types.weights import PLAINLY, Judged, choose, pairs_of
from training.workspace import Workspace, read_json, write_arrays, write_json

HELD_OUT = 10  # one user in so many
FIRST = 20  # events of a user that are asked for
NO_ROW = -1
# Of what skip-gram, whose time is that of the tokens, gets for each type, and at least: a few types need no more, and
# all of a million events took 35 s.
TOKENS, FEWEST_TOKENS = 400, 500_000

Ints = NDArray[np.int64]


def learn_types(
    vocabulary: Vocabulary, rare: Iterable[str], items: Catalogue, config: TrainConfig, work: Workspace
) -> Types | None:
    """None where the settings ask for none. rare: items of the log without a row, whose events count as well. A step:
    it resumes. Raises ConfigError for columns that are not there."""
    if not config.types.item:
        return None

    def make(folder: Path) -> None:
        with work.told.step("types") as step:
            types = _learnt(vocabulary, [*vocabulary.ids, *rare], items, config, folder, step)
        content, arrays = packed(types)
        write_json(folder / "types.json", content)
        write_arrays(folder, **arrays)

    folder = work.step("types", make)
    arrays = {path.stem: np.load(path, allow_pickle=False) for path in folder.glob("types_*.npy")}
    return unpacked(read_json(folder / "types.json"), arrays)


def _learnt(
    vocabulary: Vocabulary, ids: Sequence[str], items: Catalogue, config: TrainConfig, folder: Path, step: Step
) -> Types:
    columns = config.types.item
    _check_columns(items, columns)
    values = [[items.field(item, column) for item in ids] for column in columns]
    buckets = Buckets.of(columns, values, config.types.quantiles)
    labels = {item: label for item, *own in zip(ids, *values, strict=True) if (label := buckets.label(own)) is not None}
    if not labels:
        raise ConfigError(
            f"types.item: no item of the log has a value in {', '.join(columns)}: name columns of events.items that "
            "items of the log have, or leave it out"
        )
    names = list(dict.fromkeys(labels.values()))
    place = {name: number for number, name in enumerate(names)}
    typed = {
        item: (place[label], NO_ROW if (row := vocabulary.find(item)) is None else row)
        for item, label in labels.items()
    }
    met = read_meetings(config, typed, folder)
    items_side, item_order = _ordered(names, met.items)
    users_side, user_order = _ordered(met.labels, met.kinds[met.kinds >= 0])
    kinds = np.where(met.kinds >= 0, user_order[met.kinds], -1) if met.labels else met.kinds
    met = replace(met, kinds=kinds, items=item_order[met.items])
    sides = (len(items_side), len(users_side))
    vectors = vectors_of(met, sides, config)
    item_kinds = Kinds(buckets, [name for name, _ in items_side], vectors[: sides[0]], _counts(items_side))
    found = Types(item_kinds, np.empty(0, dtype=np.int32), None, None, PLAINLY).over(vocabulary.ids, items)
    step.facts |= {"item_types": sides[0], "events": len(met.items), "items": int((found.rows != NO_TYPE).sum())}
    if met.buckets is None:
        return found
    user_kinds = Kinds(met.buckets, [name for name, _ in users_side], vectors[sides[0] :], _counts(users_side))
    pairs = pairs_of(met.kinds, met.items, sides[1], sides[0])
    found = replace(found, users=user_kinds, pairs=pairs)
    judged = weigh(found, met, config)
    step.facts |= {"user_types": sides[1], "sharpness": judged.weights.sharpness, "prior": judged.weights.prior}
    step.facts |= {"hr@20": round(judged.hr20, 4), "popularity_hr@20": round(judged.popularity, 4)}
    return replace(found, weights=judged.weights)


def _check_columns(items: Catalogue, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in items.columns:
            there = ", ".join(sorted(items.columns)[:50]) or "none: name the metadata with events.items"
            raise ConfigError(f"types.item: no item has a column {column!r} in its metadata; the columns are: {there}")


def _ordered(names: Sequence[str], found: Ints) -> tuple[list[tuple[str, int]], Ints]:
    """(name and events of each type, most events first, ties by name; old number -> new)."""
    counts = np.bincount(found, minlength=len(names))
    order = sorted(range(len(names)), key=lambda number: (-counts[number], names[number]))
    new = np.empty(len(names), dtype=np.int64)
    new[order] = np.arange(len(names))
    return [(names[number], int(counts[number])) for number in order], new


def _counts(side: Sequence[tuple[str, int]]) -> Ints:
    return np.array([count for _, count in side], dtype=np.int64)


def vectors_of(met: Meetings, sides: tuple[int, int], config: TrainConfig) -> Floats:
    """float32 (item types + user types, d), of length 1: both sides in one space. Zeros for what was never met.

    Of a user type the input vector, of an item type the output vector: those are what the training brings near where
    the two meet. Two inputs are near where they have the same neighbours, and the neighbours of users are items.
    """
    corpus, settings = corpus_of(met.users, met.kinds, met.items, *sides), trainer_of(config)
    if settings.engine in STEPS:
        corpus = first_users(corpus, max(FEWEST_TOKENS, TOKENS * corpus.items))
    if not len(corpus):
        return np.zeros((sum(sides), settings.dims), dtype=np.float32)
    both = train_plainly(corpus, settings, config.seed, lambda share: None).next
    found = np.concatenate([both.outputs[: sides[0]], both.inputs[sides[0] :]])
    found = np.where(corpus.counts()[:, None] > 0, found, 0)
    return np.ascontiguousarray(normalised(found.astype(np.float32)))


def first_users(corpus: Corpus, most: int) -> Corpus:
    """As many users as have so many tokens. Their order says nothing of them, so they are a fair sample."""
    users = int(np.searchsorted(corpus.offsets, most))
    return corpus if users >= len(corpus) else corpus.take(np.arange(users))


def trainer_of(config: TrainConfig) -> TrainerConfig:
    """The engine of the settings, of `auto` the closed form. Every other token is the user's, so windows are twice as
    wide. What is before and after is alike: one training of the closed form, its singular values on both sides.
    """
    trainer, spectral = config.trainer, config.trainer.spectral
    return trainer.model_copy(
        update={
            "dims": config.types.dims,
            "window": 2 * trainer.window,
            "sample": 0.0,
            "direction": "both",
            "spectral": spectral.model_copy(
                update={
                    "window": 2 * spectral.window,
                    "behind": 1.0,
                    "behind_similar": 1.0,
                    "split": 0.5,
                    "split_similar": 0.5,
                }
            ),
        }
    )


def weigh(types: Types, met: Meetings, config: TrainConfig) -> Judged:
    """As `choose`, with one user in HELD_OUT held out; each of those counts the same."""
    assert types.users is not None
    sides = (len(types.items), len(types.users))
    held = (met.users % HELD_OUT == 0) & (met.kinds >= 0)
    others = met.where(~held)
    vectors = vectors_of(others, sides, config)
    item_counts = np.bincount(others.items, minlength=sides[0])
    user_counts = np.bincount(others.kinds[others.kinds >= 0], minlength=sides[1])
    learnt = replace(
        types,
        items=replace(types.items, vectors=vectors[: sides[0]], counts=item_counts),
        users=replace(types.users, vectors=vectors[sides[0] :], counts=user_counts),
        pairs=pairs_of(others.kinds, others.items, sides[1], sides[0]),
    )
    row_counts = np.bincount(others.rows[others.rows != NO_ROW], minlength=len(types.rows))
    first = np.arange(len(met.users)) - np.searchsorted(met.users, met.users) < FIRST
    asked = met.where(held & first & (met.rows != NO_ROW) & (user_counts[met.kinds] > 0))
    parts = 1 / np.bincount(asked.users)[asked.users] if len(asked.users) else np.zeros(0)
    return choose(learnt, row_counts, asked.kinds, asked.rows, parts, config.seed)
