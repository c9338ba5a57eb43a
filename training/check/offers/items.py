"""Offers by the items: what they are alternatives to, and how rarely they are seen."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import AVAILABLE
from training.check.offers.offer import Facts, Offer, offer
from training.check.text import percent
from training.corpus import Corpus

LOOKED_AT = 2_000_000  # events
WITHIN, LIFT = 0.3, 2.0  # share of the pairs in one segment, and how much more than by chance
FEWEST_SEGMENTS, ITEMS_EACH = 3, 10
NO_SEGMENTS = ("title", AVAILABLE)
RARE, RARE_SHARE = 10, 0.2  # events of an item; of the items

Labels = NDArray[np.int32]


def segments(facts: Facts) -> Iterator[Offer]:
    """The column whose values say most of what comes next in a session."""
    sessions, look, config = facts.exam.sessions, facts.look, facts.exam.config
    if sessions is None or look is None or config.objective.segment_negatives:
        return
    fields, ids = look.items.fields, sessions.vocabulary.ids
    names = dict.fromkeys(name for row in fields.values() for name in row if name not in NO_SEGMENTS)
    best, chosen = 0.0, None
    for name in names:
        labels = labels_of([fields.get(item, {}).get(name) for item in ids])
        count = int(labels.max(initial=-1)) + 1
        if count < FEWEST_SEGMENTS or int((labels >= 0).sum()) < ITEMS_EACH * count:
            continue
        within, chance = together(sessions.corpus, labels)
        if within >= WITHIN and within >= LIFT * chance and within - chance > best:
            best, chosen = within - chance, (name, count, within, chance)
    if chosen is not None:
        name, count, within, chance = chosen
        reason = (
            f"{percent(within)} of the pairs of neighbours in a session share their {name!r} ({count:,} values); by "
            f"chance {percent(chance)} would"
        )
        yield offer("segments", {"objective": {"segment": name, "segment_negatives": 3}}, reason)


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
    sessions = facts.exam.sessions
    if sessions is None or facts.exam.config.objective.walks:
        return
    items = sessions.corpus.items
    rare = int((sessions.corpus.counts() <= RARE).sum())
    if rare >= RARE_SHARE * items:
        reason = f"{rare:,} of {items:,} items ({percent(rare / items)}) were seen at most {RARE} times"
        yield offer("walks", {"objective": {"walks": 5}}, reason)
