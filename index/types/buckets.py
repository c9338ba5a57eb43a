"""Attributes -> type: the tuple of an item's or a user's values, as a text that can be read."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.catalogue.values import elements, text_of

JOIN, MISSING = " · ", "?"
FEW_NUMBERS = 20  # a column with so many different numbers, or fewer, holds grades or codes: each is a bucket
LONGEST = 100  # characters of a value


@dataclass(frozen=True)
class Buckets:
    """columns: names. edges: for each column the upper ends of all its quantiles but the last, ascending; None where
    each value is a bucket of its own."""

    columns: tuple[str, ...]
    edges: tuple[tuple[float, ...] | None, ...]

    @classmethod
    def of(cls, columns: Sequence[str], values: Sequence[Sequence[Any]], quantiles: int) -> "Buckets":
        """values: of each column, one for each item or user; None where it has none. Numbers are cut into so many
        quantiles where there are more than FEW_NUMBERS different ones."""
        return cls(tuple(columns), tuple(_edges(column, quantiles) for column in values))

    def label(self, values: Sequence[Any]) -> str | None:
        """As "city=Paris · price=3/5": the type's name. values: one for each column, of a list the first counts.
        None where there is no value at all."""
        parts = [self._bucket(value, edges) for value, edges in zip(values, self.edges, strict=True)]
        if all(part is None for part in parts):
            return None
        return JOIN.join(f"{name}={part or MISSING}" for name, part in zip(self.columns, parts, strict=True))

    @staticmethod
    def _bucket(value: Any, edges: tuple[float, ...] | None) -> str | None:
        first = next(iter(elements(value)), None)
        if edges is None:
            text = " ".join((text_of(first) or "").split())
            return text[:LONGEST] or None
        number = number_of(first)
        return None if number is None else f"{int(np.searchsorted(edges, number)) + 1}/{len(edges) + 1}"


def number_of(value: Any) -> float | None:
    """None for what is no finite number, also as text."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if np.isfinite(number) else None


def _edges(values: Sequence[Any], quantiles: int) -> tuple[float, ...] | None:
    there = [first for value in values if (first := next(iter(elements(value)), None)) not in (None, "")]
    numbers = [number_of(value) for value in there]
    if not numbers or any(number is None for number in numbers) or len(set(numbers)) <= FEW_NUMBERS:
        return None
    cuts: NDArray[Any] = np.quantile(np.array(numbers, dtype=np.float64), np.arange(1, quantiles) / quantiles)
    return tuple(sorted(set(cuts.tolist())))


def key_of(label: str) -> str:
    """The same for a type in every model, and safe in a URL: what can be read of the name, and a digest of it."""
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:60].rstrip("-")
    digest = hashlib.blake2b(label.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{slug}-{digest}" if slug else digest
