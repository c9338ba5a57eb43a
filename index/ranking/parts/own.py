"""The session's own items: will they come back? Five forms, by how long ago and how often they came."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.ranking.parts.counts import Told
from index.ranking.readings import Float, Rows

FORMS: dict[str, Callable[[Float, Float], Any]] = {
    "own": lambda age, times: np.ones_like(age),
    "own.newest": lambda age, times: 1 / age,
    "own.root": lambda age, times: 1 / np.sqrt(age),
    "own.often": lambda age, times: np.log(times),
    "own.last": lambda age, times: (age == 1).astype(np.float32),
}
"""Name -> value of each distinct item. age: 1 for the last item of the session. times: how often it came."""


def own_of(sessions: Sequence[Rows | None], items: int, forms: Sequence[str]) -> dict[str, Told]:
    """By form. sessions: rows, oldest first; None where the items may not come back."""
    at: list[NDArray[Any]] = [np.empty(0, np.int64)]
    ages: list[NDArray[Any]] = [np.empty(0, np.int64)]
    often: list[NDArray[Any]] = [np.empty(0, np.int64)]
    for question, session in enumerate(sessions):
        if session is not None and len(session):
            rows, first, times = np.unique(session[::-1], return_index=True, return_counts=True)
            at.append(rows + question * items)
            ages.append(first + 1)
            often.append(times)
    age: Float = np.concatenate(ages).astype(np.float32)
    count: Float = np.concatenate(often).astype(np.float32)
    place = np.concatenate(at).astype(np.int64)
    return {form: Told(place, np.asarray(FORMS[form](age, count), dtype=np.float32)) for form in forms}
