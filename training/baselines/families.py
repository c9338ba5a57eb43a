"""The families of baselines, and which question each of them answers."""

from collections.abc import Callable, Iterator

from index.report import RANKED_TASKS, RankedTask
from training.baselines import items, sessions
from training.baselines.baseline import Baseline
from training.baselines.seen import Seen

FAMILIES: dict[str, Callable[[Seen], Iterator[Baseline]]] = {
    "popularity": items.popularity,
    "AR": items.association_rules,
    "item-kNN": items.item_knn,
    "SR": items.sequential_rules,
    "symSR": items.symmetric_rules,
    "S-KNN": sessions.session_knn,
    "V-SKNN": sessions.vector_session_knn,
    "STAN": sessions.stan,
    "EASE": items.ease,
    "own items": items.own_items,
}
"""Name -> its candidates, a small grid of settings to choose from on validation."""

MOST_ITEMS = {"EASE": items.EASE_ITEMS}
"""Families that are left out of larger catalogues."""

# A session of one item: its neighbours are what the rules count anyway.
SESSION_ONLY = {"S-KNN", "V-SKNN", "STAN", "own items"}
TASKS_OF: dict[str, tuple[RankedTask, ...]] = {
    name: ("T2",) if name in SESSION_ONLY else RANKED_TASKS for name in FAMILIES
}
