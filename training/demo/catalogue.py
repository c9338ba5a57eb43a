"""The items of the demo world: tracks of artists in genres, homes in cities, and how they hang together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.demo.days import Arrivals, arrivals_of, dates
from training.demo.names import (
    CITIES,
    COUNTRIES,
    GENRES,
    HOME_TYPES,
    TYPE_PRICES,
    TYPE_SHARES,
    artist_names,
    brand_names,
    home_titles,
    listed,
    track_titles,
)

Ints = NDArray[np.int32]

MAX_ITEMS = 250_000  # the word lists hold about this many names before they begin to sound alike
TRACK_SHARE = 0.6
TRACKS_PER_ARTIST = 7
BANDS = 5  # of prices, or years: each has its bargain


@dataclass(frozen=True)
class Catalogue:
    """The items as rows: tracks by sub-genre, artist and track number, then homes by city, type and price.

    table: Arrow, one row an item, in row order. is_home: bool. popularity, level, seconds: float32; level is the
    place of the year within the sub-genre, or of the price within the city, in 0..1; seconds is a track's length.
    wide, near, own, related: int32 labels of the sub-genre or city, a stretch of about 30 alike items in it, the
    artist or neighbourhood, and the genre or city; a label belongs to one kind. following: int32, the artist's next
    track, or the next dearer home of its stretch. Arrays have shape (n,). arrivals: which items are new, and
    since when. countries: codes; country: int8, by label of `wide`, the place in them of its city's.
    bargains: int32, shape (labels of `wide`, BANDS), the item of each sub-genre or city that is good value in each
    fifth of the levels.
    """

    table: Any
    is_home: NDArray[np.bool_]
    popularity: NDArray[np.float32]
    level: NDArray[np.float32]
    seconds: NDArray[np.float32]
    wide: Ints
    near: Ints
    own: Ints
    related: Ints
    following: Ints
    arrivals: Arrivals
    countries: tuple[str, ...]
    country: NDArray[np.int8]
    bargains: Ints

    def __len__(self) -> int:
        return len(self.is_home)


def make_catalogue(items: int, rng: np.random.Generator) -> Catalogue:
    """At least 20 items, at most MAX_ITEMS; small catalogues use fewer sub-genres and cities, so none is empty."""
    items = min(max(items, 20), MAX_ITEMS)
    tracks = _tracks(int(items * TRACK_SHARE), rng)
    homes = _homes(items - len(tracks.table), rng)
    is_home = np.repeat([False, True], [len(tracks.table), len(homes.table)])

    def labels(first: NDArray[Any], second: NDArray[Any]) -> Ints:
        return np.concatenate([first, second + first.max() + 1]).astype(np.int32)

    def numbers(*both: NDArray[Any]) -> NDArray[np.float32]:
        return np.concatenate(both).astype(np.float32)

    wide, own = labels(tracks.wide, homes.wide), labels(tracks.own, homes.own)
    near, level = _stretches(wide), numbers(tracks.level, homes.level)
    # Children draw apart: the rest of the world is what it is without them.
    arrivals = arrivals_of(near, rng.spawn(1)[0])
    city = homes.table["category"].to_pylist()
    brands = [None] * len(tracks.table) + brand_names(city, near[is_home].tolist())
    table = pa.concat_tables([tracks.table, homes.table])
    for name, values in (("brand", brands), ("added", dates(arrivals.since))):
        table = table.append_column(name, pa.array(values, pa.string()))
    countries = tuple(sorted(set(COUNTRIES.values())))
    country = np.zeros(wide.max() + 1, np.int8)
    country[wide[is_home]] = [countries.index(COUNTRIES[name]) for name in city]
    return Catalogue(
        table=table.combine_chunks(),
        is_home=is_home,
        popularity=numbers(tracks.popularity, homes.popularity),
        level=level,
        seconds=numbers(tracks.seconds, homes.seconds),
        wide=wide,
        near=near,
        own=own,
        related=labels(tracks.related, homes.related),
        following=_following(np.where(is_home, near + own.max() + 1, own)),
        arrivals=arrivals,
        countries=countries,
        country=country,
        bargains=_bargains(wide, level, arrivals),
    )


@dataclass(frozen=True)
class _Part:
    """One kind of item; the arrays of Catalogue with labels that start at 0."""

    table: Any
    popularity: NDArray[Any]
    level: NDArray[Any]
    seconds: NDArray[Any]
    wide: NDArray[Any]
    own: NDArray[Any]
    related: NDArray[Any]


def _tracks(count: int, rng: np.random.Generator) -> _Part:
    sizes = np.clip(rng.lognormal(np.log(TRACKS_PER_ARTIST) - 0.2, 0.6, count).astype(int), 3, 30)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), count) + 1]
    sizes[-1] -= sizes.sum() - count
    artists = len(sizes)
    # Round robin over the genres, so that a small world has one sub-genre each of many genres.
    subgenres = [(g, *s[k]) for k in range(4) for g, (_, _, s) in enumerate(GENRES)][: min(48, max(2, artists // 2))]
    taste = rng.permutation(1 / np.arange(1, len(subgenres) + 1) ** 0.4)
    extra = rng.choice(len(subgenres), artists - len(subgenres), p=taste / taste.sum())
    subgenre = np.concatenate([np.arange(len(subgenres)), extra])
    debut = np.array([s[2] for s in subgenres])[subgenre] + rng.normal(0, 7, artists).round().astype(int)
    debut = np.clip(debut, 1948, 2024)
    order = np.lexsort((debut, subgenre))
    subgenre, debut, fame = subgenre[order], debut[order], rng.lognormal(0, 1.0, artists)
    names = artist_names([GENRES[subgenres[s][0]][1] for s in subgenre.tolist()], rng)

    artist = np.repeat(np.arange(artists), sizes)
    number = np.arange(count) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    year = np.minimum(debut[artist] + number // 8 * 2, 2026)
    wide = subgenre[artist]
    acts = [names[a] for a in artist.tolist()]
    table = _table(
        "t",
        rng,
        title=track_titles(acts, rng),
        category=[GENRES[subgenres[s][0]][0] for s in wide.tolist()],
        kind=["track"] * count,
        artist=acts,
        subgenre=[subgenres[s][1] for s in wide.tolist()],
        year=year.tolist(),
    )
    return _Part(
        table=table,
        popularity=fame[artist] * rng.lognormal(0, 0.8, count),
        level=_quantiles(wide, year + rng.random(count)),
        seconds=np.clip(rng.normal(225, 50, count), 90, 480),
        wide=wide,
        own=artist,
        related=np.array([s[0] for s in subgenres])[wide],
    )


def _homes(count: int, rng: np.random.Generator) -> _Part:
    cities = list(CITIES)[: min(len(CITIES), max(2, count // 8))]
    share = 1 / np.arange(1, len(cities) + 1) ** 0.4
    extra = rng.choice(len(cities), count - len(cities), p=share / share.sum())
    city = np.concatenate([np.arange(len(cities)), extra])
    kind = rng.choice(len(HOME_TYPES), count, p=TYPE_SHARES)
    quarters = np.clip(np.bincount(city) // 5, 1, 6)[city]
    quarter = (rng.random(count) * quarters).astype(int)
    night = np.array([CITIES[c][0] for c in cities])[city] * np.array(TYPE_PRICES)[kind]
    price = np.maximum(15, (night * (1.15 - 0.06 * quarter) * rng.lognormal(0, 0.35, count)).round())
    order = np.lexsort((price, kind, city))
    city, kind, quarter, price = city[order], kind[order], quarter[order], price[order]
    names = [(c, listed(CITIES[c][1])) for c in cities]
    places = [(names[c][0], names[c][1][q]) for c, q in zip(city.tolist(), quarter.tolist(), strict=True)]
    kinds = [HOME_TYPES[k] for k in kind.tolist()]
    table = _table(
        "h",
        rng,
        title=home_titles([f"{t} in {q}, {c}" for t, (c, q) in zip(kinds, places, strict=True)], rng),
        category=[c for c, _ in places],
        kind=["home"] * count,
        neighbourhood=[q for _, q in places],
        type=kinds,
        price=price.tolist(),
    )
    return _Part(
        table=table,
        popularity=rng.lognormal(0, 1.0, count),
        level=_quantiles(city, price + rng.random(count)),
        seconds=np.zeros(count),
        wide=city,
        own=np.unique(city * 6 + quarter, return_inverse=True)[1],
        related=city,
    )


COLUMNS = listed("item_id,title,category,kind,artist,subgenre,year,neighbourhood,type,price")
NUMBERS = {"year": pa.int32(), "price": pa.float64()}  # the other columns are text


def _table(letter: str, rng: np.random.Generator, **columns: list[Any]) -> Any:
    """The columns under ids in no order, so that an id says nothing about what is alike; absent columns are null."""
    count = len(columns["title"])
    columns["item_id"] = [f"{letter}{number:06d}" for number in rng.permutation(count).tolist()]
    absent = [None] * count
    return pa.table({n: pa.array(columns.get(n, absent), NUMBERS.get(n, pa.string())) for n in COLUMNS})


def _quantiles(group: NDArray[Any], value: NDArray[Any]) -> NDArray[np.float32]:
    """Where each value stands in its group, in 0..1."""
    order = np.lexsort((value, group))
    sizes = np.bincount(group)
    level = np.empty(len(group), np.float32)
    level[order] = (np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 0.5) / np.repeat(sizes, sizes)
    return level


def _stretches(wide: Ints, length: int = 30) -> Ints:
    """Labels of consecutive stretches of about `length` rows that do not cross a group; `wide` is sorted."""
    sizes = np.bincount(wide)
    parts = np.maximum(1, np.round(sizes / length)).astype(int)
    within = np.arange(len(wide)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.asarray((np.cumsum(parts) - parts)[wide] + within * parts[wide] // sizes[wide], np.int32)


def _bargains(wide: Ints, level: NDArray[np.float32], arrivals: Arrivals) -> Ints:
    """Of those that always were, where there are any, the row that is nearest to the middle of each band."""
    found = np.empty((wide.max() + 1, BANDS), np.int32)
    far = level[:, None] - (np.arange(BANDS) + 0.5) / BANDS
    for label in range(len(found)):
        rows = np.flatnonzero(wide == label)
        old = rows[arrivals.since[rows] == 0]
        rows = old if old.size else rows
        found[label] = rows[np.abs(far[rows]).argmin(axis=0)]
    return found


def _following(group: NDArray[Any]) -> Ints:
    """The next row of the same group (groups are consecutive); after the last, the first."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    rows = np.arange(1, len(group) + 1, dtype=np.int32)
    rows[np.append(starts[1:], len(group)) - 1] = starts
    return rows
