"""Inputs of the closed form that learn from the items which share their attributes.

An item's row of the matrix M is what was counted for it; folded into the space it is its input vector v_i. A value of
an attribute has a row too: the mean of its items' rows, which folds into v_a, the mean of their vectors, since folding
is linear. The more often an item was seen, the less it needs them. With n_i events and the attributes a it has,

    v_i  <-  (n_i v_i  +  sum over a of k_a v_a) / (n_i + sum over a of k_a)

That is the estimate of empirical Bayes (Efron & Morris 1973): v_a is what is expected of an item before it is seen, and
k_a how many events that is worth. As in EGES it is a weighted mean of an item's own vector and its attributes', with
weights of its own for each item, none of them 0. There they are learnt by steps; here they follow from how often the
item was seen, and from the k_a.

The k_a are found on pairs that are held out: the sessions are cut in two, the own rows of the first half are folded by
the same factors, and asked for what follows in the second. NDCG among drawn items decides. All attributes begin with
0; each in turn gets the best of `GRID` where that is clearly ahead of 0, until none changes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.objective.attributes import Attributes
from training.trainers.trainer import Embeddings, Makeup

GRID = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # events that an attribute is worth
PAIRS, OTHERS = 4000, 1000  # that are asked, and the drawn items that each is ranked among
ROUNDS = 4
SURE = 2.0  # standard errors of a gain: of chance, on logs where all items are seen often, came weights that cost
# cosines .02 of HR@20 and brought what comes next nothing

Float = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Halves(NamedTuple):
    """What is folded, and the sessions that are asked."""

    first: Corpus
    second: Corpus


def halves_of(corpus: Corpus, marks: NDArray[np.uint64]) -> Halves:
    """marks: uint64 (sessions,), drawn: the last bit says which half. Each half is over all items."""
    side = (marks & np.uint64(1)).astype(np.bool_)
    return Halves(corpus.take(np.flatnonzero(~side)), corpus.take(np.flatnonzero(side)))


def folding(outputs: Float) -> Float:
    """float32, as the outputs: M times it are the inputs. With M near Y S X' outputs are X S^(1 - split), inputs
    M X S^(split - 1); so each column is divided by its squared length."""
    squares = np.einsum("ij,ij->j", outputs, outputs, dtype=np.float64)
    return np.asarray(outputs * np.divide(1, squares, out=np.zeros_like(squares), where=squares > 0), dtype=np.float32)


def pooled(found: Embeddings, attributes: Attributes, counts: Ints, worth: Floats) -> Embeddings:
    """The formula above. counts: of events, (items,). worth: the k_a."""
    weights = weights_of(attributes, counts, worth).astype(np.float32)
    values, every = attributes.means(found.inputs), np.arange(attributes.items)
    inputs = found.inputs * weights[:, :1]
    for column in np.flatnonzero(worth).tolist():
        inputs += weights[:, column + 1 :][:, :1] * attributes.part(values, column, every)
    return Embeddings(inputs, found.outputs, Makeup(weights, values, worth))


def weights_of(attributes: Attributes, counts: Ints, worth: Floats) -> Floats:
    """float64 (items, 1 + columns), rows sum to 1; of an item that was never seen and has no attribute all is its
    own."""
    parts = np.concatenate([counts[:, None], attributes.present() * worth], axis=1)
    sums = parts.sum(axis=1, keepdims=True)
    parts[sums[:, 0] == 0, 0] = 1
    return np.asarray(parts / np.where(sums > 0, sums, 1))


def worth_of(own: Float, outputs: Float, attributes: Attributes, halves: Halves, drawn: NDArray[np.uint64]) -> Floats:
    """The k_a, float64 (columns,). own: the rows of the first half, folded. drawn: uint64 (items,), at random: the
    items with the least are those that pairs are ranked among."""
    columns, counts = len(attributes.columns), halves.first.counts()
    worth = np.zeros(columns)
    before, after = _pairs(halves.second, counts)
    if not len(before):
        return worth
    others = np.argsort(drawn, kind="stable")[:OTHERS]
    values = attributes.means(own)
    sides = [own[before], *(attributes.part(values, column, before) for column in range(columns))]
    # Scores are sums over the parts of a vector: each part's are taken once.
    aims = [np.einsum("ij,ij->i", side, outputs[after]) for side in sides]
    noise = [side @ outputs[others].T for side in sides]
    same = (others == before[:, None]) | (others == after[:, None])

    def gains(tried: Floats) -> Floats:
        """Of each pair."""
        weights = weights_of(attributes, counts, tried)[before].astype(np.float32)
        aim = sum(w * score for w, score in zip(weights.T, aims, strict=True))
        score = np.zeros(same.shape, np.float32)
        for column in [0, *(np.flatnonzero(tried) + 1).tolist()]:
            score += weights[:, column, None] * noise[column]
        aimed = np.asarray(aim)[:, None]
        # Ties count half: an item that only ended sessions has a row of zeros, by which all come first.
        ranks = ((score > aimed) & ~same).sum(axis=1) + ((score == aimed) & ~same).sum(axis=1) / 2
        return np.asarray(1 / np.log2(2 + ranks))

    for _ in range(ROUNDS):
        last = worth.copy()
        for column in range(columns):
            tried = [np.where(np.arange(columns) == column, value, worth) for value in GRID]
            worth = _best(tried, [gains(each) for each in tried])
        if (worth == last).all():
            break
    return worth


def _best(tried: Sequence[Floats], gains: Sequence[Floats]) -> Floats:
    """The one with the most in the mean, where it is clearly ahead of the first: by SURE standard errors of the
    difference, paired. Else the first."""
    best = max(range(len(tried)), key=lambda n: gains[n].mean())
    ahead = gains[best] - gains[0]
    return tried[best] if ahead.mean() > SURE * ahead.std() / np.sqrt(len(ahead)) else tried[0]


def _pairs(corpus: Corpus, counts: Ints) -> tuple[Ints, Ints]:
    """Items that the other half has too, and those right after them: of each item as many as there is room for, so that
    rare ones, which need attributes, are heard."""
    last = np.zeros(len(corpus.tokens), dtype=np.bool_)
    last[corpus.offsets[1:] - 1] = True
    before, after = corpus.tokens[:-1].astype(np.int64), corpus.tokens[1:].astype(np.int64)
    places = np.flatnonzero(~last[:-1] & (before != after) & (counts[before] > 0))
    by_item = places[np.argsort(before[places], kind="stable")]
    items = before[by_item]
    turn = np.arange(len(items)) - np.searchsorted(items, items)  # of each pair among those of its item
    chosen = by_item[np.argsort(turn, kind="stable")[:PAIRS]]
    return before[chosen], after[chosen]
