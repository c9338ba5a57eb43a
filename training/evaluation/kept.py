"""What a new model keeps of the one that serves: how much of its log, which of its items, and what it can answer of
the newest events. A comparison on shared questions does not see this: what is gone is not asked for."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import Manifest
from index.model import Model
from training.corpus import Corpus, newest_from
from training.evaluation.gate import Point
from training.evaluation.split import has_clock
from training.replacement import GateConfig

DAY = 86_400  # seconds


@dataclass(frozen=True)
class Extent:
    """How much a model is trained on: sessions, events in them, and the time of the last one, None without a clock."""

    sessions: int
    events: int
    last: datetime | None

    @classmethod
    def of(cls, corpus: Corpus) -> "Extent":
        last = datetime.fromtimestamp(int(corpus.ends.max()) / 1e6, UTC) if has_clock(corpus) else None
        return cls(len(corpus), len(corpus.tokens), last)


@dataclass(frozen=True)
class Newest:
    """The newest events of a log, as counts by item: what people are about to ask for. counts: int64, beside ids."""

    ids: Sequence[str]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, ids: Sequence[str], counts: NDArray[np.int64], rare: Mapping[str, int]) -> "Newest":
        """rare: of items without a row."""
        return cls([*ids, *rare], np.concatenate([counts, np.array([*rare.values()], dtype=np.int64)]))

    def answered(self, *known: Set[str]) -> float:
        """Share of the events whose item is in all of `known`."""
        inside = np.array([all(item in some for some in known) for item in self.ids], dtype=np.bool_)
        return float(self.counts[inside].sum() / max(1, self.counts.sum()))


@dataclass(frozen=True)
class Answers:
    """What a model can answer, and the newest events of its log. ids: of the items with a vector."""

    ids: Set[str]
    newest: Newest

    @classmethod
    def of(cls, model: Model) -> "Answers":
        """newest: of the sessions that it was trained on, which hold no rare items; nothing where it has none."""
        evidence, ids, counts = model.evidence, model.vocabulary.ids, model.vocabulary.counts
        if evidence.clock:
            chosen = evidence.ends >= newest_from(evidence.ends)
            rows = np.repeat(np.arange(len(ids), dtype=np.int32), np.diff(evidence.offsets))
            counts = np.bincount(rows[chosen[evidence.sessions]], minlength=len(ids)).astype(np.int64)
        return cls(set(ids), Newest(ids, counts))


def log_kept(serving: Manifest, now: Extent, limits: GateConfig) -> Point:
    """Is the log about as large as that of the model that serves, and not older?

    Rules that cut sessions otherwise change the number of sessions or that of events; a log with half of its files
    missing loses both. So what fell less is what counts.
    """
    found, before = Point(), serving.data
    shares = {"sessions": (now.sessions, before.sessions), "events": (now.events, before.tokens)}
    for name, (have, had) in shares.items():
        found.figures[f"{name}_kept"] = [_rounded(have / max(1, had)), have, had]
    kept = max(have / max(1, had) for have, had in shares.values())
    if kept < limits.log_kept:
        found.reasons.append(
            f"trained on {now.sessions:,} sessions with {now.events:,} events, version {serving.version} on "
            f"{before.sessions:,} with {before.tokens:,}: {_percent(kept)} are left (gate.log_kept asks for "
            f"{_percent(limits.log_kept)})"
        )
    if before.last_event is None or now.last is None:
        which = f"version {serving.version}" if before.last_event is None else "the log"
        found.notes.append(f"the age of the log was not compared: {which} has no clock")
        return found
    # An event cannot be later than the model that it is in: a wrong time in the future must not refuse all later logs.
    days = (min(before.last_event, serving.created) - now.last).total_seconds() / DAY
    found.figures["days_back"] = [round(days, 3)]
    if days > limits.days_back:
        found.reasons.append(
            f"the newest event is of {now.last:%Y-%m-%d %H:%M} UTC, {days:.1f} days before that of version "
            f"{serving.version} (gate.days_back allows {limits.days_back:g})"
        )
    return found


def items_kept(version: str, before: Answers, now: Answers, limits: GateConfig) -> Point:
    """Are the items still there, and can the newest events be answered as well as by the version that serves?

    Items come and go, in some catalogues half of them each week. So the events decide, those of the log and those that
    the version was trained on; of the latter as many may be gone as, measured on the former, came instead. The share
    of items itself is a coarse net: it holds where ids are written otherwise, which no event shows.

    now: the newest events are those of the whole log, also of items that the new model does not have.
    """
    left, had = len(before.ids & now.ids), len(before.ids)
    share = left / max(1, had)
    ours, by_serving, by_both = (
        now.newest.answered(*known) for known in ((now.ids,), (before.ids,), (now.ids, before.ids))
    )
    still, stayed = before.newest.answered(now.ids), by_both / ours if ours else 1.0
    found = Point(
        figures={
            "items_kept": [_rounded(share), left, had],
            "events_answered": [_rounded(ours), _rounded(by_serving)],
            "events_still_answered": [_rounded(still), _rounded(stayed)],
        }
    )
    least = limits.events_answered
    if share < limits.items_kept:
        found.reasons.append(
            f"{left:,} of the {had:,} items that serve would be left, {_percent(share)} (gate.items_kept asks "
            f"for {_percent(limits.items_kept)})"
        )
    if ours < least * by_serving:
        found.reasons.append(
            f"{_percent(ours)} of the newest events could be answered, version {version} answers "
            f"{_percent(by_serving)} (gate.events_answered asks for {_percent(least)} of that)"
        )
    elif before.newest.counts.any() and still < least * stayed:
        found.reasons.append(
            f"{_percent(still)} of the newest events that version {version} was trained on could be answered, and only "
            f"{_percent(1 - stayed)} of those of the log are of items that came instead (gate.events_answered asks "
            f"for {_percent(least)} of the rest)"
        )
    return found


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _rounded(share: float) -> float:
    return round(share, 4)
