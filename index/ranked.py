"""Answers of a model, by ids."""

from dataclasses import dataclass

from index.ranking.mix import LeftOut


@dataclass(frozen=True)
class Ranked:
    """One answer. title: the item's, or its id where the catalogue has none."""

    item: str
    score: float
    title: str


@dataclass(frozen=True)
class MixedList:
    """items: best first. left_out: of the k best, how many are not there, by cause."""

    items: list[Ranked]
    left_out: LeftOut
