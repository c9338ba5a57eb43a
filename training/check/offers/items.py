"""Offers by the items: what they are alternatives to, and how rarely they are seen."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import AVAILABLE
from training.check.offers.offer import Facts, Offer, offer
from training.check.text import percent
from training.corpus import Corpus
from training.items.look import Look

LOOKED_AT = 2_000_000  # events
WITHIN, LIFT = 0.3, 2.0  # share of the pairs in one segment, and how much more than by chance
FEWEST_SEGMENTS, ITEMS_EACH = 3, 10
NO_SEGMENTS = ("title", AVAILABLE)
RARE, RARE_SHARE = 10, 0.2  # events of an item; of the items

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Column:
    """A column of the items as segments. count: its values. within, chance: as `together`."""

    name: str
    count: int
    within: float
    chance: float


def segments(facts: Facts) -> Iterator[Offer]:
    sessions, look, config = facts.exam.sessions, facts.look, facts.exam.config
    if sessions is None or look is None or config.objective.segment_negatives:
        return
    found = segment_column(sessions.corpus, _by_column(look, sessions.vocabulary.ids))
    if found is not None:
        reason = (
            f"{percent(found.within)} of the pairs of neighbours in a session share their {found.name!r} "
            f"({found.count:,} values); by chance {percent(found.chance)} would"
        )
        yield offer("segments", {"objective": {"segment": found.name, "segment_negatives": 3}}, reason)


def best_columns(facts: Facts, most: int = 2) -> list[Column]:
    """Columns of the items whose values neighbours in a session share much more often than by chance, the most telling
    first."""
    sessions, look = facts.exam.sessions, facts.look
    if sessions is None or look is None:
        return []
    found = columns_of(sessions.corpus, _by_column(look, sessions.vocabulary.ids))
    found = [column for column in found if column.within >= LIFT * column.chance]
    return sorted(found, key=lambda column: column.chance - column.within)[:most]


def attributes(facts: Facts) -> Iterator[Offer]:
    if facts.exam.config.objective.attributes or not (rare := seldom(facts)):
        return
    columns = best_columns(facts)
    if columns:
        told = " and ".join(f"{column.name!r} ({column.within / column.chance:.1f} times)" for column in columns)
        reason = f"{rare}; neighbours in a session share their {told} more often than by chance"
        yield offer("attributes", {"objective": {"attributes": [column.name for column in columns]}}, reason)


def seldom(facts: Facts) -> str:
    """How many items are rare, in words; '' where they are few."""
    sessions = facts.exam.sessions
    if sessions is None:
        return ""
    items, rare = sessions.corpus.items, int((sessions.corpus.counts() <= RARE).sum())
    if rare < RARE_SHARE * items:
        return ""
    return f"{rare:,} of {items:,} items ({percent(rare / items)}) were seen at most {RARE} times"


def _by_column(look: Look, ids: Sequence[str]) -> dict[str, list[Any]]:
    fields = look.items.fields
    names = dict.fromkeys(name for row in fields.values() for name in row)
    return {name: [fields.get(item, {}).get(name) for item in ids] for name in names}


def segment_column(corpus: Corpus, columns: Mapping[str, list[Any]]) -> Column | None:
    """The column whose values say most of what comes next in a session, or None. columns: name -> row -> value."""
    found = [c for c in columns_of(corpus, columns) if c.within >= max(WITHIN, LIFT * c.chance)]
    return max(found, key=lambda column: column.within - column.chance, default=None)


def columns_of(corpus: Corpus, columns: Mapping[str, list[Any]]) -> list[Column]:
    """Those that cut the items into parts of some size."""
    found = []
    for name, values in columns.items():
        labels = labels_of(values)
        count = int(labels.max(initial=-1)) + 1
        enough = count >= FEWEST_SEGMENTS and int((labels >= 0).sum()) >= ITEMS_EACH * count
        if enough and name not in NO_SEGMENTS:
            found.append(Column(name, count, *together(corpus, labels)))
    return found


def labels_of(values: list[Any]) -> Labels:
    """int32, -1 where there is no value; a list, or a number with a fraction, is none."""
    place: dict[str, int] = {}
    found = np.full(len(values), -1, dtype=np.int32)
    for row, value in enumerate(values):
        if isinstance(value, str | bool | int) and value != "":
            found[row] = place.setdefault(json.dumps(value), len(place))
    return found


def together(corpus: Corpus, labels: Labels) -> tuple[float, float]:
    """(share of the pairs of an event and the next one in its session that have one label, and what it would be if
    items met by chance), both of all pairs."""
    tokens = corpus.tokens[:LOOKED_AT]
    follows = np.ones(len(tokens), dtype=np.bool_)
    starts = corpus.offsets[:-1]
    follows[starts[starts < len(tokens)]] = False
    after = np.flatnonzero(follows)
    mine, next_ones = labels[tokens[after - 1]], labels[tokens[after]]
    share = np.bincount(labels[tokens] + 1, minlength=2) / max(1, len(tokens))
    within = float(((mine == next_ones) & (mine >= 0)).sum() / max(1, len(after)))
    return within, float((share[1:] ** 2).sum())


def walks(facts: Facts) -> Iterator[Offer]:
    if not facts.exam.config.objective.walks and (rare := seldom(facts)):
        yield offer("walks", {"objective": {"walks": 5}}, rare)
