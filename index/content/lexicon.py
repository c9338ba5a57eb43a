"""What the catalogue says of an item, as features: words of its title, values of its fields, ranges of its numbers."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.catalogue.values import elements
from index.ranking.readings import Float, Rows

Kind = Literal["words", "values", "ranges"]
Feature = tuple[str, str]
"""Field and text: ("title", "heart"), ("title", "heart holder"), ("category", "gifts"), ("price", "5 to 8")."""

WORD = re.compile(r"\w+")
MOST_WORDS, MOST_VALUES, LONGEST = 60, 60, 100  # of one field of one item; characters of a value


@dataclass(frozen=True)
class Rule:
    """How a field is read. words: of texts, single ones and pairs of neighbours. values: each as it is. ranges: of a
    number, the one it falls into; edges: where they meet, ascending."""

    kind: Kind
    edges: tuple[float, ...] = ()

    def texts(self, value: Any) -> Iterator[str]:
        """What the field says with this value; a text may come twice."""
        if self.kind == "ranges":
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield self._range(float(value))
            return
        for element in elements(value)[:MOST_VALUES]:
            if self.kind == "words":
                words = words_of(str(element))
                yield from words
                yield from map(" ".join, pairwise(words))
            else:
                yield str(element)[:LONGEST]

    def _range(self, number: float) -> str:
        place = bisect_right(self.edges, number)
        if not self.edges:
            return "any"
        if place == 0:
            return f"below {self.edges[0]:g}"
        if place == len(self.edges):
            return f"from {self.edges[-1]:g}"
        return f"{self.edges[place - 1]:g} to {self.edges[place]:g}"


def words_of(text: str) -> list[str]:
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())[:MOST_WORDS]


def features_of(fields: Mapping[str, Any], rules: Mapping[str, Rule]) -> dict[Feature, None]:
    """Each once, in their order."""
    found: dict[Feature, None] = {}
    for name, rule in rules.items():
        value = fields.get(name)
        if value is not None:
            for text in rule.texts(value):
                found[name, text] = None
    return found


@dataclass(frozen=True)
class Lexicon:
    """The features that a map knows. rules: field -> how it is read. names: column -> feature. rarity: float32, shape
    (features,), their inverse document frequency."""

    rules: Mapping[str, Rule]
    names: Sequence[Feature]
    rarity: Float

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _columns(self) -> dict[Feature, int]:
        return {name: column for column, name in enumerate(self.names)}

    def columns(self, fields: Mapping[str, Any]) -> Rows:
        """int32, those of an item, ascending; none where nothing of it is known."""
        known = self._columns
        found = [known[feature] for feature in features_of(fields, self.rules) if feature in known]
        return np.array(sorted(found), dtype=np.int32)

    def told(self, column: int) -> str:
        """In words: a word of the title by itself, a value with its field."""
        field, text = self.names[column]
        return text if field == "title" else f"{field} {text}"


def joined(columns: Iterable[Rows]) -> tuple[NDArray[np.int64], Rows]:
    """(ends of each item's columns, all columns one behind the other)."""
    parts = list(columns)
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    return ends, np.concatenate([*parts, np.empty(0, dtype=np.int32)]).astype(np.int32)
