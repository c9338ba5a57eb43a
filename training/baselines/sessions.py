"""Nearest past sessions: S-KNN, V-SKNN and STAN are one kernel with different weights."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.baselines.baseline import Baseline, Scores
from training.baselines.seen import Seen
from training.corpus import Corpus
from training.counting.baskets import BASKET, INVERSE, LINEAR
from training.counting.postings import Postings, postings_of
from training.counting.rules import select

# Share of their votes that the prefix's own items keep among session neighbours.
OWN = (1.0, 0.3, 0.03)


class SessionIndex(NamedTuple):
    """Baskets, and for each item the places where it is in them, oldest session first.

    tokens, offsets: as in Corpus. session_of: int32, session of each token.
    """

    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]
    postings: Postings
    session_of: NDArray[np.int32]


def index_of(sessions: Corpus) -> SessionIndex:
    """sessions: baskets."""
    session_of = np.repeat(np.arange(len(sessions), dtype=np.int32), sessions.lengths())
    return SessionIndex(sessions.tokens, sessions.offsets, postings_of(sessions), session_of)


class Votes(NamedTuple):
    """How similar a past session is, and how much it votes for its items. All float32.

    recency: weight of a prefix item by how many distinct items came after it; older ones are left out. The similarity
    is the sum over shared items, times `sessions` (one per session: length, age). The vote for an item is the
    similarity, times `matched` (by the recency of the newest shared item, like `recency`), times `near`, times `items`
    (one per item). near: shape (2 BASKET - 1,), by the place from the newest shared item in the session:
    near[BASKET - 1] is that item itself, the next entries what came after it.
    """

    recency: NDArray[np.float32]
    matched: NDArray[np.float32]
    near: NDArray[np.float32]
    sessions: NDArray[np.float32]
    items: NDArray[np.float32]


@dataclass(frozen=True)
class SessionKnn:
    """Items of the sessions nearest to a prefix.

    Of the `recent` newest sessions that share an item with the prefix, the `nearest` most similar vote for their items.
    """

    index: SessionIndex
    recent: int
    nearest: int
    votes: Votes
    threads: int = 2

    def scores(self, prefixes: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """float32, shape (len(prefixes), items); 0 for items of no neighbour."""
        index, sessions = self.index, len(self.index.offsets) - 1
        out = np.zeros((len(prefixes), len(self.votes.items)), dtype=np.float32)
        offsets = np.cumsum([0, *(len(p) for p in prefixes)], dtype=np.int64)
        tokens = np.concatenate([*prefixes, np.empty(0, np.int32)]).astype(np.int32)
        cuts = np.linspace(0, len(prefixes), self.threads + 1).astype(np.int64)

        def run(a: int, b: int) -> None:
            met = np.zeros(sessions, np.float32), np.empty(sessions, np.int32), np.empty(sessions, np.int8)
            _vote(tokens, offsets[a : b + 1], index, self.recent, self.nearest, self.votes, met, out[a:b])

        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(run, cuts[:-1], cuts[1:]))
        return out


def session_knn(seen: Seen) -> Iterator[Baseline]:
    """S-KNN: the sessions most alike by cosine vote for their items (Ludewig & Jannach 2018, section 3.3)."""
    for newest, nearest in ((1000, 100), (5000, 500)):
        yield from _neighbours("S-KNN", seen, newest, nearest, {})


def vector_session_knn(seen: Seen) -> Iterator[Baseline]:
    """V-SKNN: newer items of the prefix count more, for the similarity and for the vote (the same, section 3.3).

    recency: of the items, for the similarity. The vote falls with the square of the newest shared item's rank.
    """
    for rule, recency in (("1/rank", INVERSE), ("linear", LINEAR)):
        for idf in (False, True):
            settings = {"recency": rule, "idf": idf}
            yield from _neighbours("V-SKNN", seen, 1000, 200, settings, recency, matched=INVERSE**2, idf=idf)


def stan(seen: Seen) -> Iterator[Baseline]:
    """STAN: exponential weights of the prefix's items and of the distance from the shared item (Garg et al. 2019, 3).

    before: share of the vote left to what came before the shared item, ours. The paper's third weight, by the age of
    the session, is left out: with a scale of a fifth of the sessions HR@20 on nowplaying's validation part fell from
    .201 to .188, and MRR@20 on online_retail's from .106 to .099.
    """
    for recency, distance, before in ((0.5, 0.5, 0.0), (0.5, 2.0, 0.3), (2.0, 5.0, 0.3), (2.0, 5.0, 1.0)):
        votes = np.exp(-np.arange(BASKET) / distance).astype(np.float32)
        near = np.concatenate([votes[:0:-1] * np.float32(before), votes])
        weights = np.exp(-np.arange(20) / recency).astype(np.float32)
        settings = {"recency": recency, "distance": distance, "before": before}
        yield from _neighbours("STAN", seen, 5000, 500, settings, weights, near=near)


_EVEN = np.ones(20, dtype=np.float32)
_FLAT = np.ones(2 * BASKET - 1, dtype=np.float32)


def _neighbours(
    name: str,
    seen: Seen,
    newest: int,
    nearest: int,
    settings: dict[str, Any],
    recency: NDArray[np.float32] = _EVEN,
    matched: NDArray[np.float32] = _EVEN,
    near: NDArray[np.float32] = _FLAT,
    idf: bool = False,
) -> Iterator[Baseline]:
    """One for each share that own items keep: shared by every neighbour, they would crowd out all others. Without
    further weights, S-KNN."""

    def fit() -> Scores:
        sessions = seen.baskets
        length = np.maximum(sessions.lengths(), 1).astype(np.float32)
        rarity = np.log(len(sessions) / np.maximum(sessions.counts(), 1)).astype(np.float32)
        items = rarity if idf else np.ones(seen.items, dtype=np.float32)
        votes = Votes(recency, matched, near, length**-0.5, items)
        return SessionKnn(index_of(sessions), newest, nearest, votes, seen.threads).scores

    for own in OWN:
        about = {"recent": newest, "nearest": nearest, **settings, "own": own, **seen.about}
        yield Baseline(name, about, fit, own)


@nb.njit(cache=True, nogil=True)
def _vote(prefix_tokens, prefix_offsets, index, recent, nearest, votes, met, out):  # type: ignore[no-untyped-def]
    """Scores of each prefix into its row of `out`. Prefix i is prefix_tokens[prefix_offsets[i]:prefix_offsets[i + 1]].

    met: room to note the sessions that a prefix meets, one entry per session. Their similarity, zeros between prefixes;
    the place of the newest shared item; how many distinct items of the prefix came after that one.
    """
    tokens, offsets, (begins, positions), session_of = index
    recency, matched, near, session_weights, item_weights = votes
    similarity, match, rank = met
    depth = recency.size
    touched = np.empty(depth * recent, np.int32)
    keys = np.empty(depth * recent, np.uint64)
    dots = np.empty(1, np.float32)
    bits = dots.view(np.uint32)
    last = np.empty(depth, np.int32)
    for row in range(out.shape[0]):
        line = out[row]
        n = used = 0
        i = prefix_offsets[row + 1] - 1
        while i >= prefix_offsets[row] and used < depth:
            item = prefix_tokens[i]
            i -= 1
            known = False
            for j in range(used):
                known = known or last[j] == item
            if known:
                continue
            last[used] = item
            # A session among the `recent` newest of the union is among the `recent` newest of each item it shares.
            for p in range(max(begins[item + 1] - recent, begins[item]), begins[item + 1]):
                session = session_of[positions[p]]
                if similarity[session] == 0:
                    touched[n] = session
                    n += 1
                    match[session] = positions[p]
                    rank[session] = used
                similarity[session] += recency[used]
            used += 1
        for j in range(n):
            keys[j] = np.uint64(0xFFFFFFFF - touched[j])
        count = n
        if count > recent:
            select(keys[:n], recent)
            count = recent
        # The newest sessions by similarity, ties to the newer: positive floats sort like their bits.
        for j in range(count):
            session = 0xFFFFFFFF - keys[j]
            dots[0] = similarity[session] * session_weights[session]
            keys[j] |= np.uint64(0xFFFFFFFF - bits[0]) << np.uint64(32)
        if count > nearest:
            select(keys[:count], nearest)
            count = nearest
        keys[:count].sort()  # votes are added in a fixed order, whatever order the sessions were met in
        for j in range(count):
            session = 0xFFFFFFFF - (keys[j] & np.uint64(0xFFFFFFFF))
            vote = similarity[session] * session_weights[session] * matched[rank[session]]
            begin, end = offsets[session], offsets[session + 1]
            place = begin - match[session] + BASKET - 1
            for i in range(end - begin):
                line[tokens[begin + i]] += vote * near[place + i]
        for item in range(line.size):
            line[item] *= item_weights[item]
        for j in range(n):
            similarity[touched[j]] = 0
