"""Which setting moved what: the trials of a search, grouped by the values of each setting."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW_VALUES = 4  # a setting with more values is shown by thirds
RIDGE = 1.0  # pulls the effect of a group of one trial half of the way to none


@dataclass(frozen=True)
class Group:
    """The trials with one value of a setting, or a third of its values. median, best: of what they reached.

    effect: by how much they are better than the mean when the other settings are accounted for, by a ridge regression
    on all groups. The sampler goes where it is good, so the trials of one group are alike in more than the one setting.
    """

    values: str
    trials: int
    effect: float
    median: float
    best: float


@dataclass(frozen=True)
class Effect:
    """What a setting did. spread: between the best effect of its groups and the worst."""

    setting: str
    spread: float
    groups: list[Group]


def effects_of(trials: Sequence[tuple[dict[str, Any], float]]) -> list[Effect]:
    """Per setting, how well the trials with each of its values did, the largest spread first.

    trials: (searched settings, value). A setting with one value throughout is left out.
    """
    found: dict[str, list[tuple[str, NDArray[np.bool_]]]] = {}
    for name in trials[0][0] if trials else ():
        found[name] = list(_groups([settings[name] for settings, _ in trials]))
    # One value throughout says nothing.
    groups = [(name, *group) for name, these in found.items() if len(these) > 1 for group in these]
    if not groups:
        return []
    values = np.array([value for _, value in trials])
    member = np.array([inside for _, _, inside in groups], dtype=np.float64).T
    kernel = member.T @ member + RIDGE * np.eye(len(groups))
    effects = np.linalg.solve(kernel, member.T @ (values - values.mean()))
    grouped: dict[str, list[Group]] = {}
    for (name, label, inside), effect in zip(groups, effects.tolist(), strict=True):
        here = values[inside]
        group = Group(label, len(here), effect, float(np.median(here)), float(here.max()))
        grouped.setdefault(name, []).append(group)
    spread = {name: max(g.effect for g in these) - min(g.effect for g in these) for name, these in grouped.items()}
    return [Effect(name, spread[name], grouped[name]) for name in sorted(spread, key=lambda name: -spread[name])]


def _groups(values: Sequence[Any]) -> Iterable[tuple[str, NDArray[np.bool_]]]:
    """(label, which of the values), by value where there are few, else by thirds."""
    distinct = sorted(set(values))
    if len(distinct) <= FEW_VALUES:
        for value in distinct:
            yield value_text(value), np.array([v == value for v in values])
        return
    numbers = np.array(values, dtype=np.float64)
    low = -np.inf
    for high in (*np.quantile(numbers, (1 / 3, 2 / 3)), np.inf):
        inside = (low < numbers) & (numbers <= high)
        if inside.any():
            these = [value for value, here in zip(values, inside, strict=True) if here]
            least, most = value_text(min(these)), value_text(max(these))
            yield (least if least == most else f"{least} to {most}"), inside
        low = high


def value_text(value: Any) -> str:
    """A setting's value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format(value, "g") if isinstance(value, float) else str(value)
