"""Which setting moved what: the trials of a search, grouped by the values of each setting."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW_VALUES = 4  # a setting with more values is shown by thirds
RIDGE = 1.0  # pulls the effect of a group of one trial half of the way to none


def effects_of(trials: Sequence[tuple[dict[str, Any], float]]) -> list[dict[str, Any]]:
    """Per setting, how well the trials with each of its values (or each third of them) did.

    trials: (searched settings, value). effect: by how much a group is better than the mean when the other settings are
    accounted for, by a ridge regression on all groups: the sampler goes where it is good, so the trials of one group
    are alike in more than the one setting. spread: between the best effect and the worst.
    """
    names = list(trials[0][0]) if trials else []
    groups = [
        (name, label, inside)
        for name in names
        for found in [list(_groups([settings[name] for settings, _ in trials]))]
        for label, inside in found
        if len(found) > 1  # one value throughout says nothing
    ]
    if not groups:
        return []
    values = np.array([value for _, value in trials])
    member = np.array([inside for _, _, inside in groups], dtype=np.float64).T
    kernel = member.T @ member + RIDGE * np.eye(len(groups))
    effects = np.linalg.solve(kernel, member.T @ (values - values.mean()))
    rows: dict[str, dict[str, Any]] = {}
    for (name, label, inside), effect in zip(groups, effects.tolist(), strict=True):
        row = rows.setdefault(name, {"setting": name, "spread": 0.0, "groups": []})
        here = values[inside]
        figures = {"effect": effect, "median": float(np.median(here)), "best": float(here.max())}
        row["groups"].append({"values": label, "trials": len(here), **figures})
    for row in rows.values():
        found = [group["effect"] for group in row["groups"]]
        row["spread"] = max(found) - min(found)
    return sorted(rows.values(), key=lambda row: -row["spread"])


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
