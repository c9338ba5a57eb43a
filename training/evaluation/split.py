"""Cut by time or by session: what is trained on, what weights are chosen on, what is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.errors import ConfigError, EventsMissing
from index.report import RankedTask
from store.times.likeness import form_of, likeness
from store.times.numbers import number_of
from store.times.reading import TimeRule, read_time
from training.config import EvaluationConfig, TrainConfig
from training.corpus import Corpus
from training.eventsconfig import EventsConfig


@dataclass(frozen=True)
class HeldOut:
    """Sessions that were not trained on. first_target: int64 per session, position of the first item to predict."""

    corpus: Corpus
    first_target: NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Train and held-out parts over one vocabulary: the items that occur often enough in `train`.

    ids: row -> item. targets: all of them. unknown: those left out because their item is not among them. given: whether
    the vocabulary was given, and does not depend on the training part.
    """

    kind: str
    train: Corpus
    held_out: HeldOut
    ids: list[str]
    unknown: int
    targets: int
    given: bool = False


def has_clock(corpus: Corpus) -> bool:
    """Whether session starts tell sessions apart: positions within a session (0, 1, 2, ...) do not."""
    # Sorting is ten times as fast as np.unique, which hashes.
    different = 1 + int(np.count_nonzero(np.diff(np.sort(corpus.starts)))) if len(corpus) else 0
    return different > max(10, 0.05 * len(corpus))


def kind_of(corpus: Corpus, config: EvaluationConfig) -> str:
    if config.split != "auto":
        return config.split
    return "time" if config.test_from is not None or has_clock(corpus) else "session"


def cut_test(corpus: Corpus, config: TrainConfig) -> tuple[str, NDArray[np.bool_]]:
    """How the test part is cut off, and which sessions are in it. Raises ConfigError."""
    kind, since = kind_of(corpus, config.evaluation), config.evaluation.test_from
    if kind == "time" and since is not None:
        return kind, corpus.starts >= microseconds(since, config.events)
    return kind, _chosen(corpus, kind, config.evaluation.test_share, config.seed)


def microseconds(test_from: str, events: EventsConfig) -> int:
    """Since 1970 UTC, of a time as the log has it or in a form that needs no setting. Raises ConfigError."""
    rule = TimeRule(events.time_format or "", events.time_zone, events.time_unit)
    found = read_time(test_from, rule)
    if found is None:
        found = read_time(test_from, TimeRule(zone=events.time_zone))
    number = number_of(test_from.strip())
    odd = not rule.format and rule.unit == "auto" and number is not None and form_of(number)
    if found is None or odd:
        like = f" ({why})" if (why := likeness(test_from)) else ""
        raise ConfigError(f"test_from: {test_from!r} is neither a time such as 2024-03-01 nor one as in the log{like}")
    return found


def split_test(
    corpus: Corpus, ids: Sequence[str], config: TrainConfig, given: NDArray[np.bool_] | None = None
) -> Split:
    """Training and test part. ids: row -> item. given: the rows that have a vector, whatever the training part holds of
    them. Raises EventsMissing when either would be empty."""
    kind, test = cut_test(corpus, config)
    return _split(corpus, ids, kind, test, config.sessions.min_item_count, given)


def split_validation(test: Split, config: TrainConfig) -> Split:
    """The same cut once more, from the end of the training part. Raises EventsMissing when either would be empty."""
    chosen = _chosen(test.train, test.kind, config.evaluation.validation_share, config.seed + 1)
    given = np.ones(test.train.items, dtype=np.bool_) if test.given else None
    return _split(test.train, test.ids, test.kind, chosen, config.sessions.min_item_count, given)


def _chosen(corpus: Corpus, kind: str, share: float, seed: int) -> NDArray[np.bool_]:
    count = round(len(corpus) * share)
    if kind == "time":
        return np.arange(len(corpus)) >= len(corpus) - count
    if kind == "last":
        return np.ones(len(corpus), dtype=np.bool_)
    chosen = np.zeros(len(corpus), dtype=np.bool_)
    chosen[np.random.default_rng(seed).permutation(len(corpus))[:count]] = True
    return chosen


def _split(
    corpus: Corpus,
    ids: Sequence[str],
    kind: str,
    test: NDArray[np.bool_],
    min_item_count: int,
    given: NDArray[np.bool_] | None,
) -> Split:
    if kind == "last":
        ends = corpus.offsets[1:] - 1
        keep = np.ones(len(corpus.tokens), dtype=np.bool_)
        keep[ends] = False
        train, held = corpus.where(keep, min_length=2), corpus
        first = corpus.lengths() - 1
    else:
        train, held = corpus.take(np.flatnonzero(~test)), corpus.take(np.flatnonzero(test))
        first = np.ones(len(held), dtype=np.int64)
    # Rare items are judged by the training part alone: the test part must not decide what has a vector.
    known = train.counts() >= min_item_count if given is None else given
    rows = np.flatnonzero(known)
    new_row = np.full(corpus.items, -1, dtype=np.int32)
    new_row[rows] = np.arange(len(rows), dtype=np.int32)
    train = _renumber(train, new_row, min_length=2)
    target = np.arange(len(held.tokens)) - np.repeat(held.offsets[:-1], held.lengths()) >= np.repeat(
        first, held.lengths()
    )
    is_known = new_row[held.tokens] >= 0
    unknown = int((target & ~is_known).sum())
    # Positions move when unknown items drop out of a session: a target stays one.
    kept_before = np.concatenate([[0], np.cumsum(is_known & ~target)])
    first = np.maximum(kept_before[held.offsets[1:]] - kept_before[held.offsets[:-1]], 1)
    long_enough = np.add.reduceat(is_known.astype(np.int64), held.offsets[:-1]) >= 2 if len(held) else np.empty(0, bool)
    held = _renumber(held, new_row, min_length=2)
    first = first[long_enough]
    if not len(train) or not len(held):
        raise EventsMissing(
            f"too few sessions to hold any out: {len(train)} to train on, {len(held)} to test on; give more events, "
            "or another test_share"
        )
    kept = [ids[row] for row in rows.tolist()]
    return Split(kind, train, HeldOut(held, first), kept, unknown, int(target.sum()), given is not None)


def _renumber(corpus: Corpus, new_row: NDArray[np.int32], min_length: int) -> Corpus:
    kept = corpus.where(new_row[corpus.tokens] >= 0, min_length)
    return kept.renumbered(new_row, int((new_row >= 0).sum()))


@dataclass(frozen=True)
class Prefixes:
    """Questions with known answers: the item that followed each prefix.

    prefixes: int32 rows, oldest first. targets: int32. sessions: int64, held-out session of each. positions: int32,
    position of the target in it.
    """

    prefixes: list[NDArray[np.int32]]
    targets: NDArray[np.int32]
    sessions: NDArray[np.int64]
    positions: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.prefixes)

    def asked(self, task: RankedTask) -> list[NDArray[np.int32]]:
        """The question of the task: in T1 the last item of each prefix alone."""
        return [p[-1:] for p in self.prefixes] if task == "T1" else self.prefixes

    def spread(self, count: int) -> "Prefixes":
        """`count` of them, spread evenly."""
        return self.take(np.linspace(0, max(0, len(self) - 1), min(count, len(self))).astype(np.int64))

    def take(self, chosen: NDArray[np.int64]) -> "Prefixes":
        return Prefixes(
            [self.prefixes[i] for i in chosen], self.targets[chosen], self.sessions[chosen], self.positions[chosen]
        )

    def of_last(self) -> NDArray[np.bool_]:
        """Whether the target is the last item of the prefix."""
        return np.array([p[-1] == t for p, t in zip(self.prefixes, self.targets, strict=True)], dtype=np.bool_)

    def without_last(self) -> "Prefixes":
        """Those whose target is another item than the last."""
        other = ~self.of_last()
        return self if other.all() else self.take(np.flatnonzero(other))

    def repeats(self) -> NDArray[np.bool_]:
        """Whether the target is already in the prefix."""
        return np.array([t in p for p, t in zip(self.prefixes, self.targets, strict=True)], dtype=np.bool_)


def sample_prefixes(
    held_out: HeldOut,
    limit: int,
    rng: np.random.Generator,
    last_may_return: bool = False,
    keys: NDArray[np.uint64] | None = None,
) -> Prefixes:
    """Every prefix of every session, or `limit` of them drawn at random. A target that repeats the item just before it
    is left out, but where the last item may return: elsewhere the query item never counts.

    keys: of the sessions, see records.session_keys. With them, what is drawn depends on the session and the position
    alone, so that two logs which share sessions share the prefixes drawn from these as well (bottom-k sampling, Cohen
    and Kaplan 2007).
    """
    corpus = held_out.corpus
    lengths = corpus.lengths()
    session = np.repeat(np.arange(len(corpus)), lengths)
    position = np.arange(len(corpus.tokens)) - np.repeat(corpus.offsets[:-1], lengths)
    is_target = position >= held_out.first_target[session]
    if not last_may_return:
        is_target[1:] &= corpus.tokens[1:] != corpus.tokens[:-1]
    at = np.flatnonzero(is_target)
    if len(at) > limit and keys is not None:
        drawn = np.argpartition(_scattered(keys[session[at]], position[at]), limit)[:limit]
        at = np.sort(at[drawn])
    elif len(at) > limit:
        at = np.sort(rng.choice(at, limit, replace=False))
    begins = corpus.offsets[session[at]]
    return Prefixes(
        prefixes=[corpus.tokens[b:a] for b, a in zip(begins, at, strict=True)],
        targets=corpus.tokens[at],
        sessions=session[at].astype(np.int64),
        positions=position[at].astype(np.int32),
    )


def _scattered(keys: NDArray[np.uint64], positions: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A number for each pair that looks as if drawn at random (splitmix64, Steele et al. 2014)."""
    mixed: NDArray[np.uint64] = keys + (positions.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


# Enough to tell weights apart, fewer where every prefix means a large catalogue: each candidate scores all of them.
VALIDATION_PREFIXES, VALIDATION_SCORES, FEWEST = 3000, 100_000_000, 500


def validation_prefixes(fit: Split, config: TrainConfig) -> Prefixes:
    """The questions on which settings are chosen; with those that the last item answers, unless it must not return."""
    affordable = max(FEWEST, VALIDATION_SCORES // fit.train.items)
    limit = min(VALIDATION_PREFIXES, affordable, config.evaluation.prefixes)
    repeats = config.recommender.last_may_return is not False
    return sample_prefixes(fit.held_out, limit, np.random.default_rng(config.seed), repeats)
