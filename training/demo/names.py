"""What the demo world offers: tracks by made-up artists in real genres, homes in real cities, under readable names."""

from collections.abc import Sequence

import numpy as np


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
COUNTRIES = dict(
    zip(CITIES, listed("PT,FR,GB,DE,IT,ES,NL,US,JP,TR,AT,CZ,DK,MX,AR,JP,GR,GB,CA,ZA,AU,KR,MA,PL,PT"), strict=True)
)  # ISO 3166, of each city
HOME_TYPES = ("entire flat", "private room", "house", "studio", "loft")
TYPE_SHARES = (0.4, 0.25, 0.1, 0.15, 0.1)
TYPE_PRICES = (1.0, 0.45, 1.7, 0.75, 1.3)
HOME_ADJECTIVES = listed(
    "Bright,Quiet,Sunny,Cosy,Airy,Charming,Spacious,Stylish,Elegant,Modern,Tiny,Leafy,Warm,Artful,Vintage,"
    "Minimalist,Colourful,Peaceful,Rustic,Renovated,Snug,Graceful,Light-filled,Whitewashed,Restored,Secluded,Lofty,"
    "Handsome,Mellow"
)
BRANDS = listed("Keys,Stays,Homes,Doors,Nests,Rooms,Lodgings,Quarters,Roofs,Nights,Lamps,Gates")
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
TRACK_TITLES = listed("{a} {ns},{a} {n},{n} of {ms},{v} the {n},The {n} & the {m},{f},{n} in {a} Light,{v} {f}")


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


def brand_names(cities: Sequence[str], stretch: Sequence[int]) -> list[str]:
    """Who lets each home: one name for each stretch of a city, as `Quiet Keys Lisbon`. Both lists are in order."""
    first = dict(reversed(list(zip(cities, stretch, strict=True))))
    found = []
    for city, number in zip(cities, stretch, strict=True):
        place = number - first[city]
        adjective = HOME_ADJECTIVES[(place + len(city)) % len(HOME_ADJECTIVES)]
        found.append(f"{adjective} {BRANDS[(place + place // len(HOME_ADJECTIVES)) % len(BRANDS)]} {city}")
    return found
