"""The people of the world, and the events they leave: sessions that follow a taste, and bots that follow none.

A slice of time is simulated at once, all its sessions side by side, so memory grows with the catalogue and the people,
not with the log.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.demo.catalogue import BANDS, Catalogue, Ints
from training.demo.days import clock
from training.demo.files import Log
from training.demo.walk import ACCIDENT, FOLLOWING, NEAR, OWN, RELATED, REPEAT, WIDE, Walk

PAUSE = 31 * 60  # seconds between two sessions of one user, at least; sessions are cut at 30 minutes by default
LONGEST_WAIT = 540  # seconds between two events of a session, at most
BOTS = 3
PLAY, SKIP, VIEW, BOOK, REJECT = range(5)
# How many searches end in a booking, where the last home is near the price that they like, and where it is not.
NEAR_LEVEL, BOOKED = 0.2, (0.26, 0.06)
BARGAINS = 0.6  # of the bookings: of the home of the city that is good value at that price, whatever was looked at last
FAR = 0.4  # in the level of prices of a city: a home that much cheaper or dearer than they like, half of them reject

# How often each move is made, in 256ths.
LISTENING = {WIDE: 82, NEAR: 56, OWN: 30, RELATED: 10, ACCIDENT: 8, FOLLOWING: 65, REPEAT: 5}
SEARCHING = {WIDE: 80, NEAR: 97, OWN: 36, RELATED: 0, ACCIDENT: 8, FOLLOWING: 28, REPEAT: 7}
# How a user's sessions spread over four favourites on the first day, and on the last: the fourth is a new love.
EARLY, LATE = (0.5, 0.3, 0.15, 0.05), (0.2, 0.25, 0.15, 0.4)


@dataclass(frozen=True)
class People:
    """The users; the last BOTS of them are bots.

    favourites: int16, shape (users, 2, 4), sub-genres and cities. country: int8, place in the catalogue's countries, of
    the first city. level: float32, the era and price they like, 0..1.
    home_share: float32, how much of what they do is looking for homes. free_at: int64, when their last session so far
    is PAUSE seconds old; 0 before the first. The simulation moves it on.
    """

    favourites: NDArray[np.int16]
    country: NDArray[np.int8]
    level: NDArray[np.float32]
    home_share: NDArray[np.float32]
    free_at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.level)


def make_people(count: int, walk: Walk, rng: Generator) -> People:
    wide, tracks = walk.catalogue.wide, int(np.count_nonzero(~walk.catalogue.is_home))
    favourites = np.empty((count, 2, 4), np.int16)
    for kind, (low, high) in enumerate(((0, tracks), (tracks, len(wide)))):
        # Some sub-genres and cities have more friends than their size alone gives them.
        rows = (low + (high - low) * rng.random((count, 4)) ** 1.6).astype(np.int32)
        # The second favourite is akin to the first: another sub-genre of the genre.
        rows[:, 1] = walk.draw(walk.group[RELATED, rows[:, 0]], rng)
        favourites[:, kind] = wide[rows]
    level, home_share = rng.random(count, np.float32), rng.beta(0.7, 1.0, count).astype(np.float32)
    country = walk.catalogue.country[favourites[:, 1, 0]]
    return People(favourites, country, level, home_share, np.zeros(count, np.int64))


def simulate(count: int, begin: float, end: float, walk: Walk, people: People, rng: Generator) -> list[Log]:
    """`count` events of sessions that start in the part of the days between begin and end (0..1), in no order."""
    robotic = count // 100
    logs = [human_log(count - robotic, begin, end, walk, people, rng)]
    if robotic:
        logs.append(bot_log(robotic, begin, end, walk, people, rng))
    return logs


def human_log(count: int, begin: float, end: float, walk: Walk, people: People, rng: Generator) -> Log:
    # Sessions are about 10 long, so this many are enough twice over; the last one is cut to end at the count.
    guess = count // 5 + 50
    # Not uniform: of a million users the busiest has a hundred times the sessions of most.
    user = ((len(people) - BOTS) * rng.random(guess) ** 1.5).astype(np.int32)
    searching = rng.random(guess, np.float32) < people.home_share[user]
    length = np.clip(rng.lognormal(np.where(searching, np.log(6), np.log(9)), 0.7), 1, 150).astype(np.int64)
    total = np.cumsum(length)
    sessions = int(np.searchsorted(total, count)) + 1
    length[sessions - 1] -= total[sessions - 1] - count
    # The longest first: then the sessions that have an event at some position are the first so many.
    order = np.argsort(-length[:sessions], kind="stable")
    user, searching, length = user[order], searching[order], length[order]
    when = begin + (end - begin) * rng.random(sessions)

    going = sessions - np.cumsum(np.bincount(length))[:-1]
    first = np.cumsum(going) - going  # where the events at each position begin
    blocks = [slice(f, f + n) for f, n in zip(first.tolist(), going.tolist(), strict=True)]
    items, moves = np.empty(count, np.int32), np.full(count, WIDE, np.int8)
    table = np.stack([np.repeat(list(m), list(m.values())) for m in (LISTENING, SEARCHING)]).astype(np.int8)
    there = walk.catalogue.arrivals.there
    kind, item = searching.astype(np.int8), there(enter(user, searching, when, walk, people, rng), when)
    items[blocks[0]] = item
    for block in blocks[1:]:
        item = item[: block.stop - block.start]
        move = moves[block] = table[kind[: len(item)], rng.integers(0, 256, len(item), np.uint8)]
        found = items[block] = there(walk.draw(walk.group[move, item], rng, item), when[: len(item)], item)
        item = np.where(move == ACCIDENT, item, found)  # after an accident they go on from where they were

    session = np.arange(count) - np.repeat(first, going)
    kinds, dwell, wait = attend(items, moves, searching[session], people.level[user[session]], walk.catalogue, rng)
    last = first[length - 1] + np.arange(sessions)
    ends, liked = items[last], people.level[user]
    fits = np.abs(walk.catalogue.level[ends] - liked) < NEAR_LEVEL
    share = rng.random(sessions) / np.where(fits, *BOOKED)
    booked = searching & (length > 1) & (share < 1)
    kinds[last[booked]] = BOOK
    bargain = walk.catalogue.bargains[walk.catalogue.wide[ends], (liked * BANDS).astype(np.int8)]
    items[last] = np.where(booked & (share < BARGAINS), bargain, ends)
    time, elapsed = np.empty(count, np.int64), np.zeros(sessions, np.int64)
    for block in blocks:
        going_on = elapsed[: block.stop - block.start]
        time[block] = going_on
        going_on += wait[block]
    time += place(user, clock(when), elapsed, people)[session]
    return Log(time, user[session], items, dwell, kinds)


def enter(
    user: Ints, searching: NDArray[np.bool_], when: NDArray[np.float64], walk: Walk, people: People, rng: Generator
) -> Ints:
    """The first item of each session: of three from a favourite of the user, the one nearest to the user's level."""
    early, late = np.cumsum(EARLY), np.cumsum(LATE)
    dice = rng.random(len(user))
    slot = sum(((dice > e + (f - e) * when).astype(np.int8) for e, f in zip(early[:-1], late[:-1], strict=True)))
    # The groups of WIDE come first, so a label of `wide` is its group.
    groups = people.favourites[user, searching.astype(np.int8), slot].astype(np.int32)
    best, level = walk.draw(groups, rng), walk.catalogue.level
    for _ in range(2):
        other = walk.draw(groups, rng)
        nearer = np.abs(level[other] - people.level[user]) < np.abs(level[best] - people.level[user])
        best = np.where(nearer, other, best)
    return best


def attend(
    items: Ints,
    moves: NDArray[np.int8],
    searching: NDArray[np.bool_],
    liked: NDArray[np.float32],
    catalogue: Catalogue,
    rng: Generator,
) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.int32]]:
    """What people make of the items they come to: type, dwell, and whole seconds until the next event. liked: the level
    that they like."""
    accident = moves == ACCIDENT
    luck, slow = rng.random(len(items), np.float32), rng.standard_exponential(len(items), np.float32)
    skipped = luck < np.where(accident, np.float32(0.8), np.float32(0.12))
    scale = np.where(searching, np.float32(45), np.float32(12))
    scale[accident] = 2
    dwell = 1 + scale * slow
    played = np.flatnonzero(~(searching | skipped | accident))
    dwell[played] = catalogue.seconds[items[played]] * (0.6 + 0.4 * luck[played])
    dwell = np.minimum(dwell, np.float32(LONGEST_WAIT - 60)).round(1)
    pause = np.where(searching, np.float32(20), np.float32(4)) * rng.standard_exponential(len(items), np.float32)
    kinds = np.where(searching, np.int8(VIEW), skipped.astype(np.int8))  # PLAY is 0, SKIP is 1
    far = np.abs(catalogue.level[items] - liked) > FAR
    kinds[searching & (accident | far) & (luck < 0.5)] = REJECT
    return kinds, dwell, (dwell + np.minimum(1 + pause, 59)).astype(np.int32) + 1


def bot_log(count: int, begin: float, end: float, walk: Walk, people: People, rng: Generator) -> Log:
    """Sessions of up to 1,500 events, all over the catalogue and a few seconds apart."""
    sessions = -(-count // 1500)
    session = np.arange(count) * sessions // count
    user = (len(people) - 1 - rng.integers(0, BOTS, sessions)).astype(np.int32)
    items = rng.integers(0, len(walk.catalogue), count, np.int32)
    kinds = np.where(walk.catalogue.is_home[items], VIEW, PLAY).astype(np.int8)
    time = np.cumsum(rng.integers(1, 4, count))
    edges = np.searchsorted(session, np.arange(sessions + 1))
    starts, ends = time[edges[:-1]], time[edges[1:] - 1]
    part = begin + (end - begin) * rng.random(sessions)
    items, when = walk.catalogue.arrivals.there(items, part[session]), clock(part)
    time += (place(user, when, ends - starts, people) - starts)[session]
    return Log(time, user[session], items, np.round(rng.random(count, np.float32), 1), kinds)


def place(user: Ints, start: NDArray[np.int64], duration: NDArray[np.int64], people: People) -> NDArray[np.int64]:
    """When each session starts: as wished, or PAUSE after the user's session before it. Moves people.free_at on.

    A queue of one server for each user: start_i = max(wish_i, start_{i-1} + need_{i-1}). Less the needs before it,
    that is a running maximum (Lindley 1952), here of all users in one pass.
    """
    order = np.lexsort((start, user))
    who, wish, need = user[order], start[order], duration[order] + PAUSE
    heads = np.flatnonzero(np.diff(who, prepend=-1))
    wish[heads] = np.maximum(wish[heads], people.free_at[who[heads]])
    before = np.cumsum(need) - need
    # Each user's stretch is lifted clear of the one before it, so that no maximum runs on into the next.
    lift = np.repeat(np.arange(len(heads)), np.diff(heads, append=len(who))) * (np.ptp(wish) + before[-1] + 1)
    begins = np.maximum.accumulate(wish - before + lift) - lift + before
    tails = np.append(heads[1:], len(who)) - 1
    people.free_at[who[tails]] = (begins + need)[tails]
    placed = np.empty(len(user), np.int64)
    placed[order] = begins
    return placed
