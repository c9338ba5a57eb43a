"""MovieLens (grouplens.org): which of its generations it is shows in the files."""

from collections.abc import Iterator

from training.presets.preset import Log, Preset, Row, Variant, folder_of, headed, unheaded
from training.presets.rows import filled, several, table, texts

NUMBER, RATING, SECONDS = r"\d+", r"[0-5](\.[05])?", r"\d{9,10}"
COLUMNS = ("user_id", "movie_id", "rating", "timestamp")
NAMED = {"user": "user_id", "item": "movie_id", "time": "timestamp", "time_unit": "s"}
# A person rates dozens of films at a sitting, and goes on the same day: that is one session.
A_DAY = {"sessions": {"gap_minutes": 1440.0}}
GENRES_100K = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)


def movie(item: str, title: str, genres: list[str]) -> Row:
    """Its category is its first genre."""
    genres = [genre for genre in genres if genre != "(no genres listed)"]
    return filled({"item_id": item, "title": title, "category": genres[0] if genres else None, "genres": genres})


def items_100k(log: Log) -> Iterator[Row]:
    """u.item: id, title, two dates, an address, and 19 genres as 0 or 1."""
    for file in log.others("u.item"):
        for text in texts(file):
            item, title, *rest = [*text.split("|"), ""]
            flags = rest[-len(GENRES_100K) - 1 :]
            genres = [genre for genre, flag in zip(GENRES_100K, flags, strict=False) if flag == "1"]
            yield movie(item, title, [genre for genre in genres if genre != "unknown"])


def items_dat(log: Log) -> Iterator[Row]:
    """movies.dat: id, title, genres, with :: between them."""
    for file in log.others("movies.dat*"):
        for text in texts(file):
            item, _, rest = text.partition("::")
            title, _, genres = rest.rpartition("::")
            yield movie(item, title, several(genres))


def items_csv(log: Log) -> Iterator[Row]:
    for file in (*log.others("movies.csv*"), *log.others("movie.csv*")):
        for row in table(file):
            yield movie(row.get("movieId", ""), row.get("title", ""), several(row.get("genres")))


def as_csv(title: str, names: tuple[str, ...], beside: tuple[str, ...]) -> Variant:
    return Variant(
        title,
        names=names,
        fits=headed(",", {"user": "userId", "item": "movieId", "time": "timestamp"}, time_unit="s"),
        beside=beside,
        sections=A_DAY,
        items=items_csv,
    )


PRESET = Preset(
    "movielens",
    "MovieLens",
    (
        Variant(
            "MovieLens 100K",
            names=("u.data*",),
            fits=unheaded("\t", COLUMNS, (NUMBER, NUMBER, RATING, SECONDS), {**NAMED, "quoting": "none"}),
            beside=("u.item",),
            sections=A_DAY,
            items=items_100k,
        ),
        Variant(
            "MovieLens 1M or 10M",
            names=("ratings.dat*",),
            fits=unheaded("::", COLUMNS, (NUMBER, NUMBER, RATING, SECONDS), {**NAMED, "quoting": "none"}),
            beside=("movies.dat*",),
            sections=A_DAY,
            items=items_dat,
        ),
        as_csv("MovieLens 20M, 25M, 32M or latest", ("ratings.csv*", "ratings.parquet"), ("movies.csv*",)),
        # Kaggle's copies call the files otherwise. The small one often lies beside the whole, of which it is a part.
        as_csv("MovieLens 20M as Kaggle has it", ("rating.csv*",), ("movie.csv*",)),
        as_csv("MovieLens latest, its small part as Kaggle has it", ("ratings_small.csv*",), ("movies.csv*",)),
    ),
    log_of=folder_of,
)
