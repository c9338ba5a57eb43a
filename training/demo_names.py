"""What the demo world offers: tracks by made-up artists in real genres, homes in real cities, under readable names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MAX_ITEMS = 250_000  # the word lists hold about this many names before they begin to sound alike
TRACK_SHARE = 0.6
TRACKS_PER_ARTIST = 7


def listed(words: str) -> tuple[str, ...]:
    return tuple(words.split(","))


def plural(noun: str) -> str:
    if noun.endswith("y") and not noun.endswith("ey"):
        return noun[:-1] + "ies"
    if noun.endswith("f"):
        return noun[:-1] + "ves"
    return noun + ("es" if noun.endswith(("s", "o")) else "s")


# Genre, how its acts are named, and its sub-genres with the year each was at its height.
GENRES: tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...] = (
    ("Rock", "band", (("Indie Rock", 2004), ("Shoegaze", 1991), ("Post-Punk", 1981), ("Garage Rock", 1967))),
    ("Pop", "either", (("Dream Pop", 1990), ("Synth-Pop", 1984), ("Art Pop", 2012), ("Bedroom Pop", 2018))),
    ("Electronic", "word", (("Techno", 1996), ("Deep House", 2001), ("Ambient", 1988), ("Drum and Bass", 1999))),
    ("Hip-Hop", "word", (("Boom Bap", 1994), ("Trap", 2016), ("Jazz Rap", 1992), ("Lo-Fi Hip-Hop", 2019))),
    ("Jazz", "combo", (("Hard Bop", 1961), ("Bebop", 1952), ("Cool Jazz", 1957), ("Jazz Fusion", 1974))),
    ("Classical", "strings", (("Romantic", 1978), ("Baroque", 1985), ("Minimalism", 1995), ("String Quartets", 2003))),
    (
        "Folk",
        "either",
        (("Indie Folk", 2009), ("Singer-Songwriter", 1971), ("Celtic Folk", 1986), ("Freak Folk", 2005)),
    ),
    ("Country", "either", (("Alt-Country", 1997), ("Outlaw Country", 1975), ("Honky-Tonk", 1955), ("Bluegrass", 1969))),
    ("Metal", "band", (("Doom Metal", 1998), ("Thrash Metal", 1987), ("Black Metal", 1994), ("Power Metal", 2002))),
    ("Soul", "either", (("Neo Soul", 2000), ("Funk", 1974), ("Northern Soul", 1967), ("Quiet Storm", 1983))),
    ("Reggae", "either", (("Roots Reggae", 1976), ("Dub", 1979), ("Ska", 1965), ("Dancehall", 1990))),
    ("Latin", "person", (("Bossa Nova", 1963), ("Salsa", 1975), ("Cumbia", 1982), ("Nuevo Tango", 1972))),
)
# City -> price of an ordinary night in euros, and neighbourhoods.
CITIES: dict[str, tuple[int, str]] = {
    "Lisbon": (95, "Alfama,Chiado,Príncipe Real,Graça,Campo de Ourique,Estrela"),
    "Paris": (150, "Le Marais,Montmartre,Belleville,Bastille,Pigalle,Batignolles"),
    "London": (165, "Shoreditch,Camden,Brixton,Notting Hill,Hackney,Greenwich"),
    "Berlin": (90, "Kreuzberg,Neukölln,Prenzlauer Berg,Mitte,Friedrichshain,Schöneberg"),
    "Rome": (115, "Trastevere,Monti,Testaccio,Prati,San Lorenzo,Pigneto"),
    "Barcelona": (120, "Gràcia,El Born,Eixample,Poblenou,El Raval,Barceloneta"),
    "Amsterdam": (160, "Jordaan,De Pijp,Oud-West,Amsterdam-Noord,Plantage,Westerpark"),
    "New York": (190, "Williamsburg,East Village,Harlem,Park Slope,Astoria,Chelsea"),
    "Tokyo": (110, "Shimokitazawa,Yanaka,Nakameguro,Asakusa,Koenji,Ebisu"),
    "Istanbul": (60, "Beyoğlu,Kadıköy,Balat,Cihangir,Üsküdar,Beşiktaş"),
    "Vienna": (100, "Neubau,Leopoldstadt,Josefstadt,Wieden,Alsergrund,Mariahilf"),
    "Prague": (75, "Vinohrady,Žižkov,Malá Strana,Holešovice,Karlín,Letná"),
    "Copenhagen": (145, "Nørrebro,Vesterbro,Christianshavn,Østerbro,Frederiksberg,Islands Brygge"),
    "Mexico City": (70, "Roma Norte,Condesa,Coyoacán,Juárez,San Rafael,Polanco"),
    "Buenos Aires": (55, "Palermo,San Telmo,Recoleta,Villa Crespo,Colegiales,Belgrano"),
    "Kyoto": (105, "Gion,Arashiyama,Higashiyama,Nishijin,Fushimi,Okazaki"),
    "Athens": (65, "Plaka,Koukaki,Exarchia,Psyrri,Pangrati,Kypseli"),
    "Edinburgh": (125, "Stockbridge,Leith,Old Town,Bruntsfield,Marchmont,Portobello"),
    "Montreal": (95, "Le Plateau,Mile End,Griffintown,Verdun,Rosemont,Outremont"),
    "Cape Town": (80, "Sea Point,Woodstock,Gardens,Bo-Kaap,Camps Bay,Observatory"),
    "Melbourne": (115, "Fitzroy,Carlton,St Kilda,Brunswick,Richmond,Southbank"),
    "Seoul": (85, "Hongdae,Bukchon,Itaewon,Seongsu,Yeonnam,Gangnam"),
    "Marrakesh": (60, "Kasbah,Mouassine,Gueliz,Mellah,Hivernage,Bab Doukkala"),
    "Kraków": (50, "Kazimierz,Podgórze,Stare Miasto,Zabłocie,Kleparz,Dębniki"),
    "Porto": (75, "Ribeira,Cedofeita,Bonfim,Foz do Douro,Miragaia,Massarelos"),
}
HOME_TYPES = ("entire flat", "private room", "house", "studio", "loft")
TYPE_SHARES = (0.4, 0.25, 0.1, 0.15, 0.1)
TYPE_PRICES = (1.0, 0.45, 1.7, 0.75, 1.3)
HOME_ADJECTIVES = listed(
    "Bright,Quiet,Sunny,Cosy,Airy,Charming,Spacious,Stylish,Elegant,Modern,Tiny,Leafy,Warm,Artful,Vintage,"
    "Minimalist,Colourful,Peaceful,Rustic,Renovated,Snug,Graceful,Light-filled,Whitewashed,Restored,Secluded,Lofty,"
    "Handsome,Mellow"
)
HOME_FEATURES = listed(
    "with a balcony,with a roof terrace,with a view,near the market,with a garden,by the park,with a piano,"
    "near the station,with a fireplace,on a quiet street,with a courtyard,above a bakery,with a bathtub,"
    "near the river,under the roof,with a library,with two desks,with tall windows,near the museum,with old beams,"
    "by the old church,with a record player,with a skylight,with a hammock,up a spiral stair"
)
ADJECTIVES = listed(
    "Hollow,Paper,Golden,Silent,Electric,Crimson,Velvet,Distant,Broken,Northern,Midnight,Silver,Wild,Gentle,Burning,"
    "Frozen,Lonesome,Neon,Amber,Pale,Restless,Hidden,Wooden,Marble,Lunar,Southern,Sleeping,Copper,Drifting,Emerald,"
    "Faded,Glass,Hungry,Iron,Jagged,Kindred,Lost,Modest,Narrow,Open,Patient,Quiet,Rusted,Salted,Tender,Upright,"
    "Vacant,Winter,Yellow,Ashen,Bitter,Coastal,Dusty,Endless,Feral,Glowing,Harvest,Idle,Jade,Late,Mirrored,Nervous,"
    "Oblique,Painted,Radiant,Slow"
)
NOUNS = listed(
    "Coast,Lantern,River,Harbour,Mountain,Orchard,Mirror,Signal,Garden,Engine,Feather,Shadow,Highway,Window,Island,"
    "Tower,Satellite,Meadow,Anchor,Bridge,Canyon,Dream,Ember,Forest,Ghost,Heron,Kingdom,Letter,Moon,Needle,Ocean,"
    "Parade,Quarry,Raven,Season,Temple,Valley,Whale,Avenue,Balcony,Cathedral,Desert,Echo,Festival,Glacier,Horizon,"
    "Jungle,Kite,Lighthouse,Machine,Night,Observatory,Palace,Railway,Storm,Theatre,Umbrella,Village,Wolf,Arcade,"
    "Blossom,Compass,Daughter,Empire,Fountain,Gallery,Hotel,Instrument,Journey,Kitchen,Library,Museum,Novel,Pilot,"
    "Question,Room,Summer,Thief,Voyage,Wing"
)
FIRST_NAMES = listed(
    "Ada,Bruno,Celia,Dario,Elena,Felix,Greta,Hugo,Inés,Jonas,Kaya,Leon,Mara,Nico,Odessa,Pablo,Quinn,Rosa,Silas,"
    "Tessa,Umar,Vera,Wendell,Ximena,Yara,Zeke,Amara,Beatriz,Cyrus,Delia,Emmett,Flora,Gil,Hattie,Ivo,Josephine,Kofi,"
    "Lucia,Miles,Nadia,Otis,Paloma,Rafael,Sade,Theo,Uma,Vicente,Willa,Yusuf,Zora"
)
LAST_NAMES = listed(
    "Marlow,Okafor,Delgado,Hart,Lindqvist,Moreau,Vance,Ferreira,Kovac,Whitlock,Amado,Bellamy,Castellanos,Draper,"
    "Ellison,Fontaine,Grey,Holloway,Ibarra,Jansen,Keita,Laurent,Mercer,Navarro,Osei,Prescott,Quiroga,Rivers,Santoro,"
    "Thorne,Ueda,Valdez,Winslow,Yates,Zamora,Abernathy,Boateng,Calloway,Duarte,Eriksen,Fairchild,Gallagher,Hidalgo,"
    "Ishikawa,Joubert,Kessler,Lovelace,Montoya,Nakamura,Oliveira,Pereira,Rosales,Sinclair,Tavares,Underhill,"
    "Villanueva,Wakefield,Zielinski"
)
PLURALS = tuple(plural(noun) for noun in NOUNS)
VERBS = listed(
    "Waiting for,Leaving,Chasing,Learning,Burning,Counting,Crossing,Dreaming of,Forgetting,Following,Holding,Missing"
)

ACTS = {
    "band": ("The {a} {n}", "{a} {ns}", "{n} {ms}", "The {n} {ms}", "{n} & {m}"),
    "person": ("{f} {l}", "{f} {l}", "{f} {l} & the {ns}"),
    "either": ("{f} {l}", "The {a} {ns}", "{a} {n}", "{f} & the {a} {ns}", "{l} & the {ns}"),
    "word": ("{a} {n}", "{n} {m}", "{f} {a}", "DJ {f} {l}", "{n} of {ms}"),
    "combo": ("{f} {l}", "{f} {l} Trio", "{f} {l} Quartet", "The {l} Quintet", "{f} {l} & the {n} Band"),
    "strings": ("{f} {l}", "{l} Quartet", "{n} Chamber Orchestra", "{a} {n} Ensemble", "{f} {l} & {n} Consort"),
}
TRACK_TITLES = (
    "{a} {ns}",
    "{a} {n}",
    "{n} of {ms}",
    "{v} the {n}",
    "The {n} & the {m}",
    "{f}",
    "{n} in {a} Light",
    "{v} {f}",
)


@dataclass(frozen=True)
class Catalogue:
    """The items as rows: tracks by sub-genre, artist and track number, then homes by city, type and price.

    table: Arrow, one row an item, in row order. is_home: bool. popularity, level, seconds: float32; level is the
    place of the year within the sub-genre, or of the price within the city, in 0..1; seconds is a track's length.
    wide, near, own, related: int32 labels of the sub-genre or city, a stretch of about 30 alike items in it, the
    artist or neighbourhood, and the genre or city; a label belongs to one kind. following: int32, the artist's next
    track, or the next dearer home of its stretch. Arrays have shape (n,).
    """

    table: Any
    is_home: NDArray[np.bool_]
    popularity: NDArray[np.float32]
    level: NDArray[np.float32]
    seconds: NDArray[np.float32]
    wide: NDArray[np.int32]
    near: NDArray[np.int32]
    own: NDArray[np.int32]
    related: NDArray[np.int32]
    following: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.is_home)


def make_catalogue(items: int, rng: np.random.Generator) -> Catalogue:
    """At least 20 items, at most MAX_ITEMS; small catalogues use fewer sub-genres and cities, so none is empty."""
    items = min(max(items, 20), MAX_ITEMS)
    tracks = _tracks(int(items * TRACK_SHARE), rng)
    homes = _homes(items - len(tracks.table), rng)
    is_home = np.repeat([False, True], [len(tracks.table), len(homes.table)])

    def labels(name: str) -> NDArray[np.int32]:
        first, second = getattr(tracks, name), getattr(homes, name)
        return np.concatenate([first, second + first.max() + 1]).astype(np.int32)

    def numbers(name: str) -> NDArray[np.float32]:
        return np.concatenate([getattr(tracks, name), getattr(homes, name)]).astype(np.float32)

    wide, own, level = labels("wide"), labels("own"), numbers("level")
    near = _stretches(wide)
    return Catalogue(
        table=pa.concat_tables([tracks.table, homes.table]).combine_chunks(),
        is_home=is_home,
        popularity=numbers("popularity"),
        level=level,
        seconds=numbers("seconds"),
        wide=wide,
        near=near,
        own=own,
        related=labels("related"),
        following=_following(np.where(is_home, near + own.max() + 1, own)),
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
    places = [
        (cities[c], CITIES[cities[c]][1].split(",")[q]) for c, q in zip(city.tolist(), quarter.tolist(), strict=True)
    ]
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


COLUMNS = (
    ("item_id", pa.string()),
    ("title", pa.string()),
    ("category", pa.string()),
    ("kind", pa.string()),
    ("artist", pa.string()),
    ("subgenre", pa.string()),
    ("year", pa.int32()),
    ("neighbourhood", pa.string()),
    ("type", pa.string()),
    ("price", pa.float64()),
)


def _table(letter: str, rng: np.random.Generator, **columns: list[Any]) -> Any:
    """The columns under ids in no order, so that an id says nothing about what is alike; absent columns are null."""
    count = len(columns["title"])
    columns["item_id"] = [f"{letter}{number:06d}" for number in rng.permutation(count).tolist()]
    return pa.table({n: pa.array(columns.get(n, [None] * count), kind) for n, kind in COLUMNS})


def _quantiles(group: NDArray[Any], value: NDArray[Any]) -> NDArray[np.float32]:
    """Where each value stands in its group, in 0..1."""
    order = np.lexsort((value, group))
    sizes = np.bincount(group)
    level = np.empty(len(group), np.float32)
    level[order] = (np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 0.5) / np.repeat(sizes, sizes)
    return level


def _stretches(wide: NDArray[np.int32], length: int = 30) -> NDArray[np.int32]:
    """Labels of consecutive stretches of about `length` rows that do not cross a group; `wide` is sorted."""
    sizes = np.bincount(wide)
    parts = np.maximum(1, np.round(sizes / length)).astype(int)
    within = np.arange(len(wide)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    labels: NDArray[np.int32] = ((np.cumsum(parts) - parts)[wide] + within * parts[wide] // sizes[wide]).astype(
        np.int32
    )
    return labels


def _following(group: NDArray[Any]) -> NDArray[np.int32]:
    """The next row of the same group (groups are consecutive); after the last, the first."""
    rows = np.arange(len(group))
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    last = np.append(starts[1:], len(group)) - 1
    rows += 1
    rows[last] = starts
    following: NDArray[np.int32] = rows.astype(np.int32)
    return following


def artist_names(styles: Sequence[str], rng: np.random.Generator) -> list[str]:
    """One name an act, all different. styles: keys of ACTS."""
    used: set[str] = set()
    dice = rng.integers(0, 2**20, (len(styles), 6)).tolist()
    return [_unused(ACTS[style], roll, used) for style, roll in zip(styles, dice, strict=True)]


def track_titles(acts: Sequence[str], rng: np.random.Generator) -> list[str]:
    """ "Title - Act", all different."""
    used: set[str] = set()
    dice = rng.integers(0, 2**20, (len(acts), 6)).tolist()
    return [_unused(TRACK_TITLES, roll, used, f" - {act}") for act, roll in zip(acts, dice, strict=True)]


def home_titles(places: Sequence[str], rng: np.random.Generator) -> list[str]:
    """ "Adjective place", all different: once a place has used every adjective, features follow ("by the park")."""
    turn: dict[str, int] = {}
    shift = {place: int(rng.integers(2**20)) for place in dict.fromkeys(places)}
    titles = []
    for place in places:
        k = turn[place] = turn.get(place, -1) + 1
        lap, which = divmod(k, len(HOME_ADJECTIVES))
        # 7 shares no factor with the number of adjectives: a lap meets each once, not in the order of the list.
        adjective = HOME_ADJECTIVES[(shift[place] + 7 * which) % len(HOME_ADJECTIVES)]
        feature = "" if lap == 0 else " " + HOME_FEATURES[(shift[place] + 5 * which + lap) % len(HOME_FEATURES)]
        kind, rest = place.split(" in ", 1)
        titles.append(f"{adjective} {kind}{feature} in {rest}")
    return titles


def _unused(patterns: Sequence[str], dice: list[int], used: set[str], suffix: str = "") -> str:
    """The name the dice (six numbers) pick, or the next one along the word lists that is not used yet."""
    pattern, a, n, m, f, v = dice
    while True:
        name = (
            patterns[pattern % len(patterns)].format(
                a=ADJECTIVES[a % len(ADJECTIVES)],
                n=NOUNS[n % len(NOUNS)],
                ns=PLURALS[n % len(NOUNS)],
                ms=PLURALS[m % len(NOUNS)],
                m=NOUNS[m % len(NOUNS)],
                f=FIRST_NAMES[f % len(FIRST_NAMES)],
                l=LAST_NAMES[v % len(LAST_NAMES)],
                v=VERBS[v % len(VERBS)],
            )
            + suffix
        )
        if name not in used:
            used.add(name)
            return name
        # Steps of different size, so that the lists are not walked in parallel and every pattern gets its turn.
        pattern, a, n, m, f, v = pattern + 1, a + 1, n + 7, m + 3, f + 1, v + 1
