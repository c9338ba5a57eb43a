"""Meetings as sessions: each user's item types, the user's own type in front of each (Grbovic & Cheng 2018, 3.2)."""

import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus

Ints = NDArray[np.int64]


def corpus_of(users: Ints, kinds: Ints, items: Ints, item_types: int, user_types: int) -> Corpus:
    """Rows are the item types, and behind them the user types. users, kinds, items: as of `Meetings`.

    u l1 u l2 u l3: a user's whole past is one session. So a user type is near what its users go for, and item types
    are near each other where the same users go for both. Users with one token alone are left out.
    """
    typed = kinds >= 0
    width = np.where(typed, 2, 1)
    ends = np.cumsum(width)
    tokens = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.int32)
    tokens[ends - 1] = items
    tokens[ends[typed] - 2] = item_types + kinds[typed]
    lengths = np.bincount(users, weights=width).astype(np.int64) if len(users) else np.zeros(0, dtype=np.int64)
    keep = lengths >= 2
    # Users are numbered without gaps, but a part of them may be given.
    there = lengths > 0
    tokens = tokens[np.repeat(keep[there], lengths[there])]
    lengths = lengths[keep]
    starts = np.arange(len(lengths), dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Corpus(tokens, offsets, starts, starts, item_types + user_types)
