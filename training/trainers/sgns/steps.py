"""The steps of skip-gram with negative sampling: a centre towards its contexts, a group of centres away from noise.

Formulas, and why rates and limits are what they are: train.py. Everything is float32; rows lie as memory.py lays them.
Both steps are written in vectors (vectors.py): scores, gradients and lengths of many pairs lie side by side in one, and
a step leaves the registers only for the rows. As loops that numba compiles, contexts took 2.1 times as long, and
noise 2.4 times.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numba as nb
import numpy as np
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from training.trainers.sgns.memory import LINE, NUMBERS
from training.trainers.sgns.rows import Meeting, Rows
from training.trainers.sgns.vectors import NUMBER, Numbers, Sum, Value, Vector, along, index, spread, sums, turned

CONTEXTS = 8  # stepped towards at once, at most
SIDE = 4  # rows of a kind that meet in a loop: 4 x 4 sums, and the lengths, fit the 32 registers of AVX-512
GROUP = 4  # centres that share noise items
NOISE = 16  # noise items stepped away from at once: their scores by one centre are one vector
MOST = 1.0  # length of one pair's update of one row

# Arguments of the two steps that are arrays, by place.
CONTEXT = 4
CENTRES, COUNTING, NOISES, COMING = 3, 4, 5, 8


class State(NamedTuple):
    """What is learnt. inputs, outputs: float32, one row an item, laid out as by memory.py. heat: float32, shape
    (2, items), sums of g^2 of the input and of the output rows."""

    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    heat: NDArray[np.float32]


# --- the rule of a step, of as many pairs as a vector is long ---


def logistic(x: Vector) -> Vector:
    """1 / (1 + exp(-x)), exp(-x) as the 16th power of exp(-x/16), and that by its series up to the cube: at |x| = 5 up
    to 0.8 % off, and the result nowhere more than 0.00006."""
    y = x.within(16.0) * (-1 / 16)
    power = (y + 1.0) + y * y * (y * (1 / 6) + 0.5)
    for _ in range(4):
        power = power * power
    return 1.0 / (power + 1.0)


def cooled(rate: Vector, heat: Vector) -> Vector:
    """AdaGrad's rate of rows with that sum of g^2."""
    return rate / (heat + 1.0).root()


def limit(square: Vector) -> Vector:
    """Factor by which a row of that squared length is as long as an update may be."""
    return MOST / (square + 1e-12).root()


# --- a centre and its contexts ---


@nb.njit(cache=True, nogil=True)
def attract(state, centre, context, begin, count, weight, rate, soon):  # type: ignore[no-untyped-def]
    """The centre and its contexts [begin, begin + count), 1 to CONTEXTS, each pair counting `weight`.

    soon: the input and the output row that are asked for meanwhile, int64.

    Gradients are those of the rows as they were. The contexts then move one after the other, each by the centre as the
    one before left it. All at once, by the centre as it was, they learn less of each other: T2 .183 instead of .190.
    """
    inputs, outputs, heat = state
    numbers = np.float32(weight), np.float32(rate)
    _attract(inputs, outputs, heat, np.int64(centre), context, np.int64(begin), np.int64(count), *numbers, *soon)


@nb.njit(cache=True, nogil=True)
def repel(state, centre, disliked, begin, count, weight, rate, soon):  # type: ignore[no-untyped-def]
    """As `attract`, away from what was disliked near the centre."""
    inputs, outputs, heat = state
    numbers = np.float32(weight), np.float32(rate)
    _repel(inputs, outputs, heat, np.int64(centre), disliked, np.int64(begin), np.int64(count), *numbers, *soon)


@intrinsic
def _attract(context, inputs, outputs, heat, centre, contexts, begin, count, weight, rate, own, other):  # type: ignore[no-untyped-def]
    return nb.types.void(inputs, outputs, heat, centre, contexts, begin, count, weight, rate, own, other), _emit(1.0)


@intrinsic
def _repel(context, inputs, outputs, heat, centre, contexts, begin, count, weight, rate, own, other):  # type: ignore[no-untyped-def]
    return nb.types.void(inputs, outputs, heat, centre, contexts, begin, count, weight, rate, own, other), _emit(0.0)


def _emit(label: float) -> Callable[..., Value]:
    """The code of a step whose pairs have that label."""

    def emit(target, builder, signature, arguments):  # type: ignore[no-untyped-def]
        rows = Rows(target, builder, signature, arguments)
        centre, _, begin, count, weight, rate, *soon = arguments[3:]
        # For four rows or for eight: a case for each number of them would be foreseen wrongly too often.
        with builder.if_else(builder.icmp_signed(">", count, index(SIDE))) as cases:
            for case, room in zip(cases, (CONTEXTS, SIDE), strict=True):
                with case:
                    _step(rows, room, label, centre, begin, count, weight, rate, soon)
        return target.get_dummy_value()

    return emit


def _step(
    rows: Rows,
    room: int,
    label: float,
    centre: Value,
    begin: Value,
    count: Value,
    weight: Value,
    rate: Value,
    soon: Sequence[Value],
) -> None:
    """room: for so many contexts. Where there are fewer, the first stands in, with gradients of 0."""
    builder = rows.builder
    places = [builder.select(builder.icmp_signed("<", index(i), count), index(i), index(0)) for i in range(room)]
    contexts = [rows.item(CONTEXT, builder.add(begin, place)) for place in places]
    x, ys = rows.input(centre), [rows.output(item) for item in contexts]
    met = Meeting(rows, [x], ys, soon=[rows.input(soon[0])])
    found = sums(met.products + met.squares)
    scores, squares = found.pick(range(room)), found.pick(range(room, 2 * room))

    g = (spread(builder, weight, room) * (label - logistic(scores))).first(count)
    own_heat = rows.heated(0, [centre], sums([g * g]))
    own_rate = cooled(spread(builder, rate, 1), own_heat).spread(0, room)
    rates = cooled(spread(builder, rate, room), rows.heated(1, contexts, g * g))
    to_own = (g * own_rate).within(limit(squares))
    to_others = (g * rates).within(limit(sums(met.own)).spread(0, room))

    from_y, from_x = ([steps.spread(i) for i in range(room)] for steps in (to_own, to_others))
    with along(builder, index(0), rows.width, NUMBERS) as k:
        rows.output(soon[1]).ask(k)
        own = x[k]
        for i, y in enumerate(ys):
            other = y[k]
            y[k] = other + from_x[i] * own
            own = own + from_y[i] * other
        x[k] = own


# --- a group of centres and their noise ---


@nb.njit(cache=True, nogil=True)
def contrast(state, group, counting, noise, rate, coming):  # type: ignore[no-untyped-def]
    """Each centre of the group and each noise item, a pair counting what its centre counts.

    group, counting: int32 and float32, shape (GROUP,); 0 in counting is no centre. noise: int32, length a multiple of
    NOISE. coming: the next noise, as much, whose rows are asked for meanwhile.

    All centres meet four noise items at a time: a vector that is loaded serves four or five products. Of NOISE items
    all move at once, by gradients and centres as they were; with centres that move from one to the next, T1 and T2 fell
    by .02.
    """
    inputs, outputs, heat = state
    for begin in range(0, noise.size, NOISE):
        _contrast(inputs, outputs, heat, group, counting, noise, np.int64(begin), np.float32(rate), coming)


@intrinsic
def _contrast(context, inputs, outputs, heat, group, counting, noise, begin, rate, coming):  # type: ignore[no-untyped-def]
    def emit(target, builder, signature, arguments):  # type: ignore[no-untyped-def]
        rows = Rows(target, builder, signature, arguments)
        _away(rows, *arguments[6:8])
        return target.get_dummy_value()

    return nb.types.void(inputs, outputs, heat, group, counting, noise, begin, rate, coming), emit


def _away(rows: Rows, begin: Value, rate: Value) -> None:
    """From NOISE items, `begin` the first."""
    builder = rows.builder
    centres = [rows.item(CENTRES, index(c)) for c in range(GROUP)]
    noise = [rows.item(NOISES, rows.plus(begin, i)) for i in range(NOISE)]
    xs = [rows.input(item) for item in centres]
    tiles = [Meeting(rows, xs, [rows.output(item) for item in noise[i : i + SIDE]]) for i in range(0, NOISE, SIDE)]
    scores = turned([sums(met.products) for met in tiles])  # of each centre, by all noise
    limits = limit(sums([square for met in tiles for square in met.squares]))
    own_limits = limit(sums(tiles[0].own))

    weights = [spread(builder, rows.number(COUNTING, index(c))) for c in range(GROUP)]
    g = [(0.0 - weight) * logistic(score) for weight, score in zip(weights, scores, strict=True)]
    squares = [one * one for one in g]
    own_rates = cooled(spread(builder, rate, GROUP), rows.heated(0, centres, sums(squares)))
    rates = cooled(spread(builder, rate), rows.heated(1, noise, squares[0] + squares[1] + squares[2] + squares[3]))
    room = cgutils.alloca_once(builder, NUMBER, size=2 * GROUP * NOISE)
    room.align = LINE
    steps = Numbers(builder, room)
    for c in range(GROUP):
        steps[index(NOISE * c)] = (g[c] * own_rates.spread(c)).within(limits)
        steps[index(NOISE * (GROUP + c))] = (g[c] * rates).within(own_limits.spread(c))

    # Two vectors of each row at a time: a step that is read serves two products, and registers are enough.
    twos = builder.and_(rows.width, index(-2 * NUMBERS))
    with along(builder, index(0), twos, 2 * NUMBERS) as k:
        _part(rows, xs, begin, steps, [k, rows.plus(k, NUMBERS)])
    with along(builder, twos, rows.width, NUMBERS) as k:
        _part(rows, xs, begin, steps, [k])


def _part(rows: Rows, xs: Sequence[Numbers], begin: Value, steps: Numbers, places: Sequence[Value]) -> None:
    """The vectors at these places of all rows move. steps: what the centres move by, by centre and noise item, then
    what noise does.

    Here the next noise is asked for, line by line: all its rows at once would wait for each other, and the products for
    them (a pass took 1.08 times as long).
    """
    builder = rows.builder
    olds = [[x[k] for k in places] for x in xs]
    moves = [[Sum(builder) for _ in places] for _ in xs]
    with along(builder, index(0), index(NOISE), 1) as n:
        other = rows.output(rows.item(NOISES, builder.add(begin, n)))
        next_time = rows.output(rows.item(COMING, builder.add(begin, n)))
        for k in places:
            next_time.ask(k)
        ys = [other[k] for k in places]
        news = list(ys)
        for c in range(GROUP):
            from_y, from_x = steps.spread(rows.plus(n, NOISE * c)), steps.spread(rows.plus(n, NOISE * (GROUP + c)))
            for v, y in enumerate(ys):
                moves[c][v].add(from_y * y)
                news[v] = news[v] + from_x * olds[c][v]
        for k, new in zip(places, news, strict=True):
            other[k] = new
    for x, line in zip(xs, moves, strict=True):
        for k, move in zip(places, line, strict=True):
            x[k] = x[k] + move.get()  # not the old one: two of the centres may be one row
