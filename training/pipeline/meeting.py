"""Vectors from elsewhere and a log: which items both have, and the sessions in terms of the vectors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import VectorsError
from index.vocabulary import Vocabulary
from training.corpus import Corpus
from training.items.meeting import meet as compare
from training.pipeline.prepare import Prepared

EXAMPLES = 3


@dataclass(frozen=True)
class Meeting:
    """ids: the items of the log in its order, then those that only have a vector. corpus: all sessions of the log, over
    these. given: bool, of each of them, whether it has a vector."""

    log: Prepared
    ids: list[str]
    corpus: Corpus
    given: NDArray[np.bool_]

    @property
    def in_log(self) -> int:
        return int(self.given[: len(self.log.vocabulary)].sum())

    @property
    def vectors_only(self) -> int:
        return len(self.ids) - len(self.log.vocabulary)

    @property
    def log_only(self) -> int:
        return len(self.log.vocabulary) - self.in_log

    @property
    def log_only_events(self) -> int:
        return int(self.log.vocabulary.counts[~self.given[: len(self.log.vocabulary)]].sum())

    def served(self) -> Prepared:
        """The log without items that have no vector: every vector has a row, the most frequent item first. rare: of the
        log's items, all without a vector."""
        log, known = self.log, self.given
        kept = self.corpus.where(known[self.corpus.tokens], min_length=2)
        counts = kept.counts()
        rows = np.flatnonzero(known)
        order = rows[np.argsort(-counts[rows], kind="stable")]
        row_of = np.full(len(self.ids), -1, dtype=np.int32)
        row_of[order] = np.arange(len(order), dtype=np.int32)
        corpus = kept.renumbered(row_of, len(order))
        ids = [self.ids[row] for row in order.tolist()]
        there = set(ids)
        every = {**dict(zip(log.vocabulary.ids, log.vocabulary.counts.tolist(), strict=True)), **log.rare}
        removed = log.counts.removed | {
            "no_vector_items": self.log_only,
            "no_vector_events": self.log_only_events,
            "no_vector_sessions": len(self.corpus) - len(kept),
        }
        return replace(
            log,
            corpus=corpus,
            vocabulary=Vocabulary(ids, corpus.counts()),
            rare={item: count for item, count in every.items() if item not in there},
            counts=replace(log.counts, removed=removed),
        )


def meet(log: Prepared, ids: Sequence[str], path: Path) -> Meeting:
    """ids: of the vectors, which are at `path`. Raises VectorsError where they have no item in common, or none that is
    in a session with another."""
    has = set(ids)
    known = set(log.vocabulary.ids)
    given = [item in has for item in log.vocabulary.ids]
    if not any(given):
        raise VectorsError(
            f"has vectors of items such as {_some(ids)}, the log has items such as {_some(log.vocabulary.ids)}: none "
            f"is in both; {_why(ids, log.vocabulary.ids)}",
            path,
        )
    others = [item for item in ids if item not in known]
    every = [*log.vocabulary.ids, *others]
    meeting = Meeting(
        log,
        every,
        replace(log.corpus, items=len(every)),
        np.concatenate([np.array(given, dtype=np.bool_), np.ones(len(others), dtype=np.bool_)]),
    )
    if not len(meeting.corpus.where(meeting.given[meeting.corpus.tokens], min_length=2)):
        raise VectorsError(
            f"has vectors of {meeting.in_log:,} items of the log, but no session holds two of them", path
        )
    return meeting


def examples(meeting: Meeting, has: Sequence[str]) -> dict[str, str]:
    """Of each side, some items that the other does not have."""
    known = set(has)
    log_only = [item for item in meeting.log.vocabulary.ids if item not in known]
    found = {"log_only": log_only, "vectors_only": meeting.ids[len(meeting.log.vocabulary) :]}
    return {name: _some(items) for name, items in found.items() if items}


def _why(ids: Sequence[str], others: Sequence[str]) -> str:
    """What to do, by what keeps the ids apart."""
    found = compare(others, ids)
    if found.cause:
        ours, theirs = found.pair
        return f"{found.would:,} would be {found.how}, such as {ours!r} and {theirs!r}: write both alike"
    return "are the ids written alike, and is --item the right column?"


def _some(items: Sequence[str]) -> str:
    return ", ".join(repr(item[:60]) for item in items[:EXAMPLES])
