"""Prefixes and targets as a file gives them: nothing is drawn, collapsed or left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Questions:
    """What is asked of whichever model.

    ids: code -> item id, of every item in the file. prefixes: codes, oldest first. targets: int32 codes. sessions:
    int64, the session of each question. form: how the file gives them. rejected: rows that are not events, by reason.
    """

    form: Literal["log", "table"]
    ids: Sequence[str]
    prefixes: Sequence[Codes]
    targets: Codes
    sessions: NDArray[np.int64]
    rejected: dict[str, int]

    def __len__(self) -> int:
        return len(self.prefixes)

    def of_last(self) -> NDArray[np.bool_]:
        """Of each question, whether the target is the last item of the prefix."""
        pairs = zip(self.prefixes, self.targets, strict=True)
        return np.array([len(prefix) > 0 and prefix[-1] == target for prefix, target in pairs], dtype=np.bool_)

    def repeats(self) -> NDArray[np.bool_]:
        """Of each question, whether the target is anywhere in the prefix."""
        return np.array([t in p for p, t in zip(self.prefixes, self.targets, strict=True)], dtype=np.bool_)
