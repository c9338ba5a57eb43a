"""Nearest past sessions: S-KNN, V-SKNN and STAN are one kernel with different weights."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.counting import postings_of, select

# Longer baskets are cut: the pairs in a session of 8,000 would outnumber those of all others.
BASKET = 1000
# Baselines look at the newest sessions with this many events: counting 100 million takes minutes per setting.
MOST_TOKENS = 20_000_000

# How much the items of a prefix count, newest first. Items further back are left out.
INVERSE = (1 / np.arange(1, 11)).astype(np.float32)
LINEAR = (1 - np.arange(10) / 10).astype(np.float32)
# Share of their votes that the prefix's own items keep among session neighbours.
OWN = (1.0, 0.3, 0.03)


def recent(corpus: Corpus) -> tuple[Corpus, dict[str, Any]]:
    """The newest sessions with at most MOST_TOKENS events, and what to say of it in the settings."""
    first = min(int(np.searchsorted(corpus.offsets, corpus.offsets[-1] - MOST_TOKENS)), len(corpus) - 1)
    if first <= 0:
        return corpus, {}
    kept = corpus.take(np.arange(first, len(corpus)))
    return kept, {"sessions": f"newest {len(kept)} of {len(corpus)}"}


def baskets(corpus: Corpus) -> Corpus:
    """Each session's items once, in order of first appearance; more than BASKET of them in even pieces."""
    tokens, lengths = _distinct(corpus.tokens, corpus.offsets, np.full(corpus.items, -1, dtype=np.int64))
    parts = np.maximum(-(-lengths // BASKET), 1)
    whole = np.repeat(np.arange(len(corpus)), parts)
    piece = np.arange(len(whole)) - np.repeat(np.cumsum(parts) - parts, parts)
    ends = (np.cumsum(lengths) - lengths)[whole] + lengths[whole] * (piece + 1) // parts[whole]
    return replace(
        corpus,
        tokens=tokens,
        offsets=np.concatenate([[0], ends]).astype(np.int64),
        starts=corpus.starts[whole],
        ends=corpus.ends[whole],
        weights=None,
        converted=None,
    )


@dataclass(frozen=True)
class SessionIndex:
    """Baskets, and for each item the places where it is in them, oldest session first.

    begins, positions: as `postings_of`. session_of: int32, session of each token.
    """

    baskets: Corpus
    begins: NDArray[np.int64]
    positions: NDArray[np.signedinteger]
    session_of: NDArray[np.int32]

    @classmethod
    def of(cls, corpus: Corpus) -> "SessionIndex":
        sessions = baskets(corpus)
        session_of = np.repeat(np.arange(len(sessions), dtype=np.int32), sessions.lengths())
        return cls(sessions, *postings_of(sessions), session_of)


@dataclass(frozen=True)
class SessionKnn:
    """Items of the sessions nearest to a prefix.

    Of the `recent` newest sessions that share an item with the prefix, the `nearest` most similar vote for their items.
    recency: float32, weight of a prefix item by how many distinct items came after it; older ones are left out. The
    similarity is the sum over shared items, times session_weights (float32, one per session: length, age).
    The vote for an item is the similarity, times matched (by the recency of the newest shared item, like `recency`),
    times near (float32, shape (2 BASKET - 1,), by the place from that item in the session: near[BASKET - 1] is the
    item itself, the next entries what came after it), times item_weights (float32). The prefix's own items keep the
    share `own` of their votes: shared by every neighbour, they would crowd out all others.
    """

    name: str
    settings: dict[str, Any]
    index: SessionIndex = field(repr=False)
    recent: int
    nearest: int
    recency: NDArray[np.float32]
    matched: NDArray[np.float32]
    near: NDArray[np.float32]
    session_weights: NDArray[np.float32]
    item_weights: NDArray[np.float32]
    own: float = 1.0
    threads: int = 2

    def scores(self, prefixes: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """float32, shape (len(prefixes), items); 0 for items of no neighbour."""
        sessions = self.index.baskets
        out = np.zeros((len(prefixes), sessions.items), dtype=np.float32)
        ends = np.cumsum([len(p) for p in prefixes])
        tokens = np.concatenate([*prefixes, np.empty(0, np.int32)]).astype(np.int32)
        cuts = np.linspace(0, len(prefixes), self.threads + 1).astype(np.int64)

        def run(a: int, b: int) -> None:
            _vote(
                tokens, np.concatenate([[0], ends])[a : b + 1].astype(np.int64), sessions.tokens, sessions.offsets,
                self.index.begins, self.index.positions, self.index.session_of, self.recent, self.nearest,
                self.recency, self.matched, self.near, self.session_weights, self.item_weights,
                np.zeros(len(sessions), np.float32), np.empty(len(sessions), np.int32),
                np.empty(len(sessions), np.int8), out[a:b],
            )  # fmt: skip

        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(run, cuts[:-1], cuts[1:]))
        for scores, prefix in zip(out, prefixes, strict=True):
            scores[prefix] *= np.float32(self.own)
        return out


def session_knn(corpus: Corpus) -> Iterator[SessionKnn]:
    """S-KNN: the sessions most alike by cosine vote for their items (Ludewig & Jannach 2018, section 3.3)."""
    neighbours = _neighbours(corpus)
    for newest, nearest in ((1000, 100), (5000, 500)):
        for own in OWN:
            yield neighbours("S-KNN", newest, nearest, {"own": own})


def vector_session_knn(corpus: Corpus) -> Iterator[SessionKnn]:
    """V-SKNN: newer items of the prefix count more, for the similarity and for the vote (the same, section 3.3).

    recency: of the items, for the similarity. The vote falls with the square of the newest shared item's rank.
    """
    neighbours = _neighbours(corpus)
    square = INVERSE**2
    for rule, recency in (("1/rank", INVERSE), ("linear", LINEAR)):
        for idf in (False, True):
            for own in OWN:
                settings = {"recency": rule, "idf": idf, "own": own}
                yield neighbours("V-SKNN", 1000, 200, settings, recency=recency, matched=square, idf=idf)


def stan(corpus: Corpus) -> Iterator[SessionKnn]:
    """STAN: exponential weights of the prefix's items and of the distance from the shared item (Garg et al. 2019, 3).

    before: share of the vote left to what came before the shared item, ours. The paper's third weight, by the age of
    the session, is left out: with a scale of a fifth of the sessions HR@20 on nowplaying's validation part fell from
    .201 to .188, and MRR@20 on online_retail's from .106 to .099.
    """
    neighbours = _neighbours(corpus)
    for recency, distance, before in ((0.5, 0.5, 0.0), (0.5, 2.0, 0.3), (2.0, 5.0, 0.3), (2.0, 5.0, 1.0)):
        votes = np.exp(-np.arange(BASKET) / distance).astype(np.float32)
        near = np.concatenate([votes[:0:-1] * np.float32(before), votes])
        weights = np.exp(-np.arange(20) / recency).astype(np.float32)
        for own in OWN:
            settings = {"recency": recency, "distance": distance, "before": before, "own": own}
            yield neighbours("STAN", 5000, 500, settings, recency=weights, near=near)


def _neighbours(corpus: Corpus) -> Callable[..., SessionKnn]:
    """Makes baselines on one index; without further weights, S-KNN."""
    corpus, about = recent(corpus)
    index = SessionIndex.of(corpus)
    length = np.maximum(index.baskets.lengths(), 1).astype(np.float32)
    rarity = np.log(len(index.baskets) / np.maximum(index.baskets.counts(), 1)).astype(np.float32)
    everyone, even = np.ones(corpus.items, dtype=np.float32), np.ones(20, dtype=np.float32)
    flat = np.ones(2 * BASKET - 1, dtype=np.float32)

    def make(
        name: str,
        newest: int,
        nearest: int,
        settings: dict[str, Any],
        recency: NDArray[np.float32] = even,
        matched: NDArray[np.float32] = even,
        near: NDArray[np.float32] = flat,
        idf: bool = False,
    ) -> SessionKnn:
        return SessionKnn(
            name, {"recent": newest, "nearest": nearest, **settings, **about}, index, newest, nearest,
            recency, matched, near, length**-0.5, rarity if idf else everyone, own=settings["own"],
        )  # fmt: skip

    return make


@nb.njit(cache=True, nogil=True)
def _distinct(tokens, offsets, seen):  # type: ignore[no-untyped-def]
    """Tokens without an item's later occurrences in a session, and the lengths left. seen: -1 for every item."""
    out = np.empty(tokens.size, np.int32)
    lengths = np.zeros(offsets.size - 1, np.int64)
    n = 0
    for session in range(lengths.size):
        for i in range(offsets[session], offsets[session + 1]):
            if seen[tokens[i]] != session:
                seen[tokens[i]] = session
                out[n] = tokens[i]
                n += 1
                lengths[session] += 1
    return out[:n].copy(), lengths


@nb.njit(cache=True, nogil=True)
def _vote(  # type: ignore[no-untyped-def]
    prefix_tokens, prefix_offsets, tokens, offsets, begins, positions, session_of, recent, nearest,
    recency, matched, near, session_weights, item_weights, similarity, match, rank, out,
):  # fmt: skip
    """Scores of each prefix into its row of `out`. similarity (zeros, left so), match, rank: one entry per session."""
    depth = recency.size
    touched = np.empty(depth * recent, np.int32)
    keys = np.empty(depth * recent, np.uint64)
    dots = np.empty(1, np.float32)
    bits = dots.view(np.uint32)
    last = np.empty(depth, np.int32)
    for row in range(out.shape[0]):
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
            for p in range(offsets[session], offsets[session + 1]):
                out[row, tokens[p]] += vote * near[p - match[session] + BASKET - 1] * item_weights[tokens[p]]
        for j in range(n):
            similarity[touched[j]] = 0
    return 0
