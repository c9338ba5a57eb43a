"""From one item to the next: the groups of the catalogue, and the moves between them."""

import numpy as np

from training.demo.catalogue import Catalogue, Ints

# The moves of a session: the group that the next item is drawn from.
WIDE, NEAR, OWN, RELATED, ACCIDENT, FOLLOWING, REPEAT = range(7)


class Walk:
    """Moves over the catalogue: an item and a move lead to a group, and an item of it is drawn, popular ones first.

    All groups of all moves lie end to end: `start` and `size` say where in `order`, which holds rows of the catalogue
    by falling popularity. So a step of every session at once is a handful of look-ups, with no branch for the move.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        rows = np.arange(len(catalogue), dtype=np.int32)
        labels = [catalogue.wide, catalogue.near, catalogue.own, catalogue.related, catalogue.is_home.astype(np.int32)]
        orders = [np.lexsort((-catalogue.popularity, label)).astype(np.int32) for label in labels]
        # FOLLOWING and REPEAT leave no choice: one group an item.
        labels += [rows, rows]
        orders += [catalogue.following, rows]
        sizes = [np.bincount(label) for label in labels]
        first = np.cumsum([0] + [len(s) for s in sizes[:-1]])
        self.group = np.stack([label + f for label, f in zip(labels, first, strict=True)]).astype(np.int32)
        self.order = np.concatenate(orders)
        self.size = np.concatenate(sizes).astype(np.int32)
        self.start = (np.cumsum(self.size) - self.size).astype(np.int32)
        self.span = np.log(self.size + 1.0).astype(np.float32)

    def draw(self, groups: Ints, rng: np.random.Generator, apart_from: Ints | None = None) -> Ints:
        """One item from each group, the r-th most popular about as often as 1/r; not the given one, where it can."""
        rank = np.exp(self.span[groups] * rng.random(len(groups), np.float32)).astype(np.int32) - 1
        rank = np.minimum(rank, self.size[groups] - 1)  # what rounds up to the size
        rows: Ints = self.order[self.start[groups] + rank]
        if apart_from is not None:
            same = np.flatnonzero(rows == apart_from)
            again = groups[same]
            rows[same] = self.order[self.start[again] + (rank[same] + 1) % self.size[again]]
        return rows
