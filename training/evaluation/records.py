"""The rank of every test prefix, as the artifact keeps it: a later model can be compared on the same prefixes."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.report import RankedTask
from training.corpus import Corpus
from training.evaluation.metrics import Ranks
from training.evaluation.split import Prefixes

RANKS_DTYPE = np.dtype([("session", np.uint64), ("position", np.int32), ("task", np.uint8), ("rank", np.int32)])
TASK_CODES: dict[RankedTask, int] = {"T1": 1, "T2": 2}


def session_keys(corpus: Corpus, ids: Sequence[str]) -> NDArray[np.uint64]:
    """A key per session that stays the same from run to run and from vocabulary to vocabulary. ids: row -> item."""
    keys = np.empty(len(corpus), dtype=np.uint64)
    for i in range(len(corpus)):
        text = f"{corpus.starts[i]}\x1f" + "\x1f".join(ids[row] for row in corpus.session(i))
        keys[i] = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
    return keys


def rank_records(prefixes: Prefixes, keys: NDArray[np.uint64], ranks: Mapping[RankedTask, Ranks]) -> NDArray[Any]:
    """RANKS_DTYPE, shape (tasks x prefixes,). keys: of each session, see `session_keys`."""
    parts = []
    for task, values in ranks.items():
        part = np.zeros(len(prefixes), dtype=RANKS_DTYPE)
        part["session"], part["position"] = keys[prefixes.sessions], prefixes.positions
        part["task"], part["rank"] = TASK_CODES[task], values
        parts.append(part)
    return np.concatenate(parts)
