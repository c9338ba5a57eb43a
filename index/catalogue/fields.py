"""The metadata of a model's items by row: what a list is capped by, and what segments are made of."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import Catalogue
from index.catalogue.values import texts_of
from index.errors import ConfigError
from index.vocabulary import Vocabulary


class CatalogueFields:
    """As the artifact's own catalogue has them; the service has its live catalogue instead."""

    def __init__(self, catalogue: Catalogue, vocabulary: Vocabulary) -> None:
        self._catalogue = catalogue
        self._vocabulary = vocabulary
        self._rows: dict[str, dict[str, NDArray[np.int32]]] = {}
        self._values: dict[str, list[Any]] = {}

    def check(self, field: str) -> str:
        """The field. Raises ConfigError for one that no item has."""
        if field not in self._catalogue.columns:
            there = ", ".join(sorted(self._catalogue.columns)[:50]) or "none: the model has no metadata"
            raise ConfigError(f"no item has a field {field!r}; the fields are: {there}")
        return field

    def values(self, field: str, rows: Sequence[int]) -> list[Any]:
        """What each of the items has there: nothing, one value, or a list. All of the column is read at the first
        question, as in `having`."""
        if field not in self._values:
            whole = self._catalogue.of_rows(field, self._vocabulary, range(len(self._vocabulary)))
            same: dict[str, str] = {}  # of a text that many items have one copy is kept
            self._values[field] = [same.setdefault(v, v) if isinstance(v, str) else v for v in whole]
        return [self._values[field][row] for row in rows]

    def having(self, field: str, texts: Collection[str]) -> NDArray[np.bool_]:
        """bool (n,): the rows that have one of these texts among the elements of the field."""
        if field not in self._rows:
            self._rows[field] = self._rows_of(field)
        mask = np.zeros(len(self._vocabulary), dtype=np.bool_)
        for text in texts:
            mask[self._rows[field].get(text, np.empty(0, dtype=np.int32))] = True
        return mask

    def _rows_of(self, field: str) -> dict[str, NDArray[np.int32]]:
        """The rows of each text. All of the column is read once, a second for a million items."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        whole = range(len(self._vocabulary))
        for row, value in enumerate(self._catalogue.of_rows(field, self._vocabulary, whole)):
            for text in texts_of(value):
                found[text].append(row)
        return {text: np.array(rows, dtype=np.int32) for text, rows in found.items()}
