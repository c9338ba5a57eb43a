"""Offers by the types of events: conversions, dislikes, weights."""

from collections.abc import Iterator, Sequence
from typing import Any

from training.check.offers.kinds import CONVERSION, ON_THE_WAY, Kind, Kinds
from training.check.offers.offer import Facts, Offer, offer
from training.check.text import many, percent

# A type that is most of the log is what people do, and not what it leads to.
MOST_CONVERSIONS, MOST_DISLIKES = 0.4, 0.5
RARE, ENDS = 0.2, 3.0  # a type of another name converts where it is so rare, and ends sessions so much more often
FEWEST = 20  # events of a type: fewer say nothing
WEIGHTS = ((CONVERSION, 5.0), (ON_THE_WAY, 3.0))  # the later counts: add_to_order is on the way


def conversions(facts: Facts) -> Iterator[Offer]:
    kinds, config = facts.kinds, facts.exam.config
    if kinds is None or config.objective.converts:
        return
    found = converting(kinds, config.events.conversion_types)
    if found:
        share = sum(kind.last for kind in found) / sum(kind.events for kind in found)
        reason = f"{counted(found, kinds)}; {percent(share)} of them end their session"
        settings = {
            "events": column_of(facts, kinds) | {"conversion_types": [kind.name for kind in found]},
            "objective": {"conversion_context": 1.0, "conversion_weight": 5.0},
        }
        yield offer("conversions", settings, reason)


def converting(kinds: Kinds, given: Sequence[str]) -> list[Kind]:
    """Those that the settings name; else those whose name says so, else those that are rare and end sessions."""
    likes, often = kinds.likes(), kinds.last / max(1, kinds.events)
    if given:
        return [kind for kind in kinds.kinds if kind.name in given and kind.beside >= FEWEST]
    rare = [kind for kind in likes if kind.beside >= FEWEST and kind.events <= MOST_CONVERSIONS * kinds.events]
    named = [kind for kind in rare if kind.named(CONVERSION) and not kind.named(ON_THE_WAY)]
    return named or [
        kind for kind in rare if kind.events <= RARE * kinds.events and kind.last > max(0.5, ENDS * often) * kind.events
    ]


def dislikes(facts: Facts) -> Iterator[Offer]:
    kinds, config = facts.kinds, facts.exam.config
    if kinds is None or config.events.dislike_types:
        return
    found = [kind for kind in kinds.dislikes() if kind.beside >= FEWEST]
    if found and sum(kind.events for kind in found) <= MOST_DISLIKES * kinds.events:
        settings = {
            "events": column_of(facts, kinds) | {"dislike_types": [kind.name for kind in found]},
            "objective": {"dislike_weight": 0.3},
        }
        share = sum(kind.beside for kind in found) / sum(kind.events for kind in found)
        near = f"{percent(share)} of them have others in their session"
        yield offer("dislikes", settings, f"{counted(found, kinds)}; {near}")


def weights(facts: Facts) -> Iterator[Offer]:
    kinds, config = facts.kinds, facts.exam.config
    if kinds is None or config.events.type_weights:
        return
    found = [kind for kind in kinds.likes() if kind.events >= FEWEST]
    heavy = {kind.name: weight for words, weight in WEIGHTS for kind in found if kind.named(words)}
    named = [kind for kind in found if kind.name in heavy]
    if named and sum(kind.events for kind in named) <= MOST_CONVERSIONS * kinds.events:
        reason = f"{counted(named, kinds)}, which says more than the others"
        yield offer("types", {"events": column_of(facts, kinds) | {"type_weights": heavy}}, reason)


def column_of(facts: Facts, kinds: Kinds) -> dict[str, Any]:
    """The column, where the settings do not name it yet."""
    return {} if facts.exam.config.events.event_type is not None else {"event_type": kinds.column}


def counted(found: Sequence[Kind], kinds: Kinds) -> str:
    """31 events (1.6 %) are 'book'"""
    total, names = sum(kind.events for kind in found), " or ".join(repr(kind.name[:40]) for kind in found)
    of = "" if kinds.whole else f" of {kinds.events:,} that were looked at"
    return (
        f"{many(total, 'event')} ({percent(total / max(1, kinds.events))}{of}) {'is' if total == 1 else 'are'} {names}"
    )
