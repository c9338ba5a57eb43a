"""The steps of skip-gram with negative sampling: a centre towards its contexts, a group of centres away from noise.

Formulas, and why rates and limits are what they are: train.py. Everything is float32; rows lie as memory.py lays
them. Numbers of one call are kept in `scratch`, one array at fixed places, since a compiler that sees that two
things never overlap works on eight numbers at once: each in an array of its own, they took three times as long.
"""

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

CHUNK = 8  # contexts, or noise items, stepped from at once
GROUP = 4  # centres that share noise items
MOST = np.float32(1)  # length of one pair's update of one row
# Sums may be taken in any order and a * b + c at once; not that numbers are finite: a guard looks at that afterwards.
FAST = {"reassoc", "contract", "arcp", "nsz"}

# In scratch: first scores, then gradients, then what the inputs move by; squared lengths of the other rows; their heat;
# what the outputs move by. Those of a group by centre.
SQUARE, HEAT, TO_OUTPUT = GROUP * CHUNK, GROUP * CHUNK + CHUNK, GROUP * CHUNK + 2 * CHUNK
SCRATCH = TO_OUTPUT + GROUP * CHUNK


class State(NamedTuple):
    """What is learnt. inputs, outputs: float32, one row an item, laid out as by memory.py. heat: float32, shape
    (2, items), sums of g^2 of the input and of the output rows."""

    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    heat: NDArray[np.float32]


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def logistic(x):  # type: ignore[no-untyped-def]
    """1 / (1 + exp(-x)), exp(-x) as (1 - x/1024)^1024: ten multiplications that run on eight numbers at once, where
    exp() does not. At |x| = 5 it is 1 % off, and the result 0.01 %."""
    power = np.float32(1) - min(max(x, np.float32(-16)), np.float32(16)) * np.float32(1 / 1024)
    for _ in range(10):
        power *= power
    return np.float32(1) / (np.float32(1) + power)


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def cooled(rate, heat):  # type: ignore[no-untyped-def]
    """AdaGrad's rate of a row with that sum of g^2."""
    return rate / np.sqrt(np.float32(1) + heat)


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def limit(square):  # type: ignore[no-untyped-def]
    """Factor by which a row of that squared length is as long as an update may be."""
    return MOST / np.sqrt(square + np.float32(1e-12))


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def within(x, most):  # type: ignore[no-untyped-def]
    return min(max(x, -most), most)


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def attract(state, centre, context, begin, count, weight, rate, scratch):  # type: ignore[no-untyped-def]
    """The centre and its contexts [begin, begin + count), at most CHUNK, each pair counting `weight`."""
    inputs, outputs, heat = state
    row, t = inputs[np.uint64(centre)], scratch
    own = np.float32(0)
    for k in range(row.size):
        own += row[k] * row[k]
    # Four at a time: each number of `row` is loaded once for four products.
    i = 0
    while i + 4 <= count:
        a, b = outputs[np.uint64(context[begin + i])], outputs[np.uint64(context[begin + i + 1])]
        c, d = outputs[np.uint64(context[begin + i + 2])], outputs[np.uint64(context[begin + i + 3])]
        of_a = of_b = of_c = of_d = np.float32(0)
        aa = bb = cc = dd = np.float32(0)
        for k in range(row.size):
            of_a += row[k] * a[k]
            of_b += row[k] * b[k]
            of_c += row[k] * c[k]
            of_d += row[k] * d[k]
            aa += a[k] * a[k]
            bb += b[k] * b[k]
            cc += c[k] * c[k]
            dd += d[k] * d[k]
        t[i], t[i + 1], t[i + 2], t[i + 3] = of_a, of_b, of_c, of_d
        t[SQUARE + i], t[SQUARE + i + 1], t[SQUARE + i + 2], t[SQUARE + i + 3] = aa, bb, cc, dd
        i += 4
    while i < count:
        a = outputs[np.uint64(context[begin + i])]
        of_a = aa = np.float32(0)
        for k in range(row.size):
            of_a += row[k] * a[k]
            aa += a[k] * a[k]
        t[i], t[SQUARE + i] = of_a, aa
        i += 1
    total = np.float32(0)
    for i in range(CHUNK):
        g = weight * (np.float32(1) - logistic(t[i])) if i < count else np.float32(0)
        t[i] = g
        total += g * g
    for i in range(count):  # one after the other: an item may be there twice
        warmer = heat[1, np.uint64(context[begin + i])] + t[i] * t[i]
        heat[1, np.uint64(context[begin + i])] = warmer
        t[HEAT + i] = warmer
    heat[0, np.uint64(centre)] += total
    own_rate, own_limit = cooled(rate, heat[0, np.uint64(centre)]), limit(own)
    for i in range(CHUNK):
        g = t[i]
        t[i] = within(g * own_rate, limit(t[SQUARE + i]))
        t[TO_OUTPUT + i] = within(g * cooled(rate, t[HEAT + i]), own_limit)
    # Two at a time: three or four took no less (13.4, 13.7 and 14.3 ns a row).
    i = 0
    while i + 2 <= count:
        a, b = outputs[np.uint64(context[begin + i])], outputs[np.uint64(context[begin + i + 1])]
        from_a, from_b, to_a, to_b = t[i], t[i + 1], t[TO_OUTPUT + i], t[TO_OUTPUT + i + 1]
        for k in range(row.size):
            x, y = row[k], a[k]
            a[k] = y + to_a * x
            z = b[k]  # after `a` is written: the two may be one row
            b[k] = z + to_b * x
            row[k] = x + from_a * y + from_b * z
        i += 2
    if i < count:
        a = outputs[np.uint64(context[begin + i])]
        from_a, to_a = t[i], t[TO_OUTPUT + i]
        for k in range(row.size):
            x, y = row[k], a[k]
            a[k] = y + to_a * x
            row[k] = x + from_a * y


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def contrast(state, group, counting, noise, rate, before, scratch):  # type: ignore[no-untyped-def]
    """Each centre of the group and each noise item, a pair counting what its centre counts.

    group, counting: shape (GROUP,); 0 in counting is no centre. noise: length a multiple of CHUNK. before: shape
    (GROUP, dims), room for the centres as they were.

    All centres meet a chunk of noise items at a time: a number that is loaded serves four or eight products, and a pair
    takes 17 ns where one centre at a time takes 48.
    """
    inputs, outputs, heat = state
    t = scratch
    r0, r1, r2, r3 = before[0], before[1], before[2], before[3]
    c0, c1, c2, c3 = np.uint64(group[0]), np.uint64(group[1]), np.uint64(group[2]), np.uint64(group[3])
    w0, w1, w2, w3 = counting[0], counting[1], counting[2], counting[3]
    for n in range(0, noise.size, CHUNK):
        _copy(inputs, c0, r0)
        _copy(inputs, c1, r1)
        _copy(inputs, c2, r2)
        _copy(inputs, c3, r3)
        for i in range(0, CHUNK, 2):
            a, b = outputs[np.uint64(noise[n + i])], outputs[np.uint64(noise[n + i + 1])]
            aa = bb = a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = np.float32(0)
            for k in range(a.size):
                aa += a[k] * a[k]
                bb += b[k] * b[k]
                a0 += a[k] * r0[k]
                a1 += a[k] * r1[k]
                a2 += a[k] * r2[k]
                a3 += a[k] * r3[k]
                b0 += b[k] * r0[k]
                b1 += b[k] * r1[k]
                b2 += b[k] * r2[k]
                b3 += b[k] * r3[k]
            t[SQUARE + i], t[SQUARE + i + 1] = aa, bb
            t[i], t[i + CHUNK], t[i + 2 * CHUNK], t[i + 3 * CHUNK] = a0, a1, a2, a3
            t[i + 1], t[i + 1 + CHUNK], t[i + 1 + 2 * CHUNK], t[i + 1 + 3 * CHUNK] = b0, b1, b2, b3
        s0 = s1 = s2 = s3 = np.float32(0)  # of g^2, by centre
        for i in range(CHUNK):
            g0, g1 = -w0 * logistic(t[i]), -w1 * logistic(t[i + CHUNK])
            g2, g3 = -w2 * logistic(t[i + 2 * CHUNK]), -w3 * logistic(t[i + 3 * CHUNK])
            t[i], t[i + CHUNK], t[i + 2 * CHUNK], t[i + 3 * CHUNK] = g0, g1, g2, g3
            s0 += g0 * g0
            s1 += g1 * g1
            s2 += g2 * g2
            s3 += g3 * g3
            t[HEAT + i] = g0 * g0 + g1 * g1 + g2 * g2 + g3 * g3
        for i in range(CHUNK):
            warmer = heat[1, np.uint64(noise[n + i])] + t[HEAT + i]
            heat[1, np.uint64(noise[n + i])] = warmer
            t[HEAT + i] = warmer
        heat[0, c0] += s0
        heat[0, c1] += s1
        heat[0, c2] += s2
        heat[0, c3] += s3
        rate0, rate1 = cooled(rate, heat[0, c0]), cooled(rate, heat[0, c1])
        rate2, rate3 = cooled(rate, heat[0, c2]), cooled(rate, heat[0, c3])
        m0, m1, m2, m3 = _limit_of(r0), _limit_of(r1), _limit_of(r2), _limit_of(r3)
        for i in range(CHUNK):
            most, colder = limit(t[SQUARE + i]), cooled(rate, t[HEAT + i])
            g0, g1, g2, g3 = t[i], t[i + CHUNK], t[i + 2 * CHUNK], t[i + 3 * CHUNK]
            t[i], t[i + CHUNK] = within(g0 * rate0, most), within(g1 * rate1, most)
            t[i + 2 * CHUNK], t[i + 3 * CHUNK] = within(g2 * rate2, most), within(g3 * rate3, most)
            o = TO_OUTPUT + i
            t[o], t[o + CHUNK] = within(g0 * colder, m0), within(g1 * colder, m1)
            t[o + 2 * CHUNK], t[o + 3 * CHUNK] = within(g2 * colder, m2), within(g3 * colder, m3)
        _add_noise(inputs, c0, outputs, noise, n, t, 0)
        _add_noise(inputs, c1, outputs, noise, n, t, CHUNK)
        _add_noise(inputs, c2, outputs, noise, n, t, 2 * CHUNK)
        _add_noise(inputs, c3, outputs, noise, n, t, 3 * CHUNK)
        for i in range(CHUNK):
            a, o = outputs[np.uint64(noise[n + i])], TO_OUTPUT + i
            t0, t1, t2, t3 = t[o], t[o + CHUNK], t[o + 2 * CHUNK], t[o + 3 * CHUNK]
            for k in range(a.size):
                a[k] += t0 * r0[k] + t1 * r1[k] + t2 * r2[k] + t3 * r3[k]


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", inline="always")
def _copy(matrix, item, into):  # type: ignore[no-untyped-def]
    row = matrix[item]
    for k in range(into.size):
        into[k] = row[k]


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", inline="always")
def _limit_of(row):  # type: ignore[no-untyped-def]
    square = np.float32(0)
    for k in range(row.size):
        square += row[k] * row[k]
    return limit(square)


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", inline="always")
def _add_noise(inputs, centre, outputs, noise, n, t, place):  # type: ignore[no-untyped-def]
    """The centre's row += the sum of t * each row of a chunk."""
    row = inputs[centre]
    a, b = outputs[np.uint64(noise[n])], outputs[np.uint64(noise[n + 1])]
    c, d = outputs[np.uint64(noise[n + 2])], outputs[np.uint64(noise[n + 3])]
    e, f = outputs[np.uint64(noise[n + 4])], outputs[np.uint64(noise[n + 5])]
    g, h = outputs[np.uint64(noise[n + 6])], outputs[np.uint64(noise[n + 7])]
    ta, tb, tc, td = t[place], t[place + 1], t[place + 2], t[place + 3]
    te, tf, tg, th = t[place + 4], t[place + 5], t[place + 6], t[place + 7]
    for k in range(row.size):
        row[k] += (ta * a[k] + tb * b[k] + tc * c[k] + td * d[k]) + (te * e[k] + tf * f[k] + tg * g[k] + th * h[k])
