"""Segments: a market, a category; what an item is compared with besides all items."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import Catalogue
from index.errors import ConfigError

NONE = -1


@dataclass(frozen=True, eq=False)
class Segments:
    """labels: int32 (items,), from 0 on, NONE for an item without."""

    labels: NDArray[np.int32]

    @classmethod
    def of(cls, catalogue: Catalogue, ids: Sequence[str], column: str) -> "Segments":
        """By a column of the metadata: items with the same value share a segment. ids: row -> item.

        Raises ConfigError where no item has a value there.
        """
        values = [catalogue.field(item, column) for item in ids]
        names = [None if value is None or value == "" else json.dumps(value, default=str) for value in values]
        place = {name: label for label, name in enumerate(dict.fromkeys(name for name in names if name is not None))}
        if not place:
            raise ConfigError(
                f"objective.segment: no item of the log has {column!r} in its metadata: name a column of events.items "
                "that says which items are alternatives to each other, or leave it out"
            )
        labels = [NONE if name is None else place[name] for name in names]
        return cls(np.array(labels, dtype=np.int32))
