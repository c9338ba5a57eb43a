"""The types of a log's events: how many there are of each, and how many of them end their session."""

import re
from dataclasses import dataclass

import duckdb

from training.check.lookups import MOST_TYPES
from training.config import TrainConfig
from training.events.reasons import values_sql
from training.events.source import Sources
from training.sessions.cut import gap_micros

LOOKED_AT = 1_000_000  # events, about: of whole users, drawn by the hash of their ids
# What people call an event that is what all the others were for, one on the way there, and one that says no: words that
# begin so, or are so.
CONVERSION = ("book", "purchas", "buy", "bought", "order", "transaction", "checkout", "sale", "sold", "rent", "subscri")
ON_THE_WAY = ("cart", "addtocart", "basket", "wish", "favo", "save", "contact", "like", "add")
DISLIKE = (
    *("skip", "reject", "return", "refund", "cancel", "declin", "dislik", "unlik", "remov", "delet", "hide", "hidden"),
    *("block", "unsubscri", "unfav", "unfollow", "down ", "downvot", "not interested", "notinterested", "report "),
)


@dataclass(frozen=True)
class Kind:
    """events: how many have this type. beside: how many of these have an event of another type in their session; last:
    how many end it, with another event before them."""

    name: str
    events: int
    beside: int
    last: int

    def named(self, words: tuple[str, ...]) -> bool:
        """Whether its name holds a word that begins so: of AddToCart, thumbs_down and `not interested` too."""
        split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name)
        text = f" {' '.join(part for part in re.split(r'[^a-z]+', split.casefold()) if part)} "
        return any(f" {word}" in text for word in words)


@dataclass(frozen=True)
class Kinds:
    """column: that holds the types. kinds: the most frequent first, of about LOOKED_AT events; whole: whether that is
    all of them."""

    column: str
    kinds: tuple[Kind, ...]
    whole: bool

    @property
    def events(self) -> int:
        return sum(kind.events for kind in self.kinds)

    @property
    def last(self) -> int:
        return sum(kind.last for kind in self.kinds)

    def dislikes(self) -> list[Kind]:
        return [kind for kind in self.kinds if kind.named(DISLIKE)]

    def likes(self) -> list[Kind]:
        """All others."""
        return [kind for kind in self.kinds if not kind.named(DISLIKE)]


def kinds_of(
    connection: duckdb.DuckDBPyConnection, sources: Sources, config: TrainConfig, column: str | None, rows: int
) -> Kinds | None:
    """None where there is no column of types, or it holds more than MOST_TYPES of them. rows: of the log.

    An event without a user or a time is no event. Sessions are cut by the pause of the settings, or given.
    """
    if column is None:
        return None
    events = config.events.model_copy(update={"event_type": column})
    parts = max(1, round(rows / LOOKED_AT))
    whose = "session_text" if events.session is not None else "user_text"
    union = " UNION ALL ".join(
        f"SELECT hash({whose}) AS whose, moment, type_text AS kind FROM "
        f"({values_sql(source, events, source.scan())}) "
        f"WHERE {whose} IS NOT NULL AND moment IS NOT NULL AND type_text IS NOT NULL AND hash({whose}) % {parts} = 0"
        for source in sources.sources
        if source.has(column)
    )
    gap = gap_micros(config.sessions, events.session is not None)
    begins = f"pause IS NULL OR pause > {gap}" if gap >= 0 else "pause IS NULL"
    found = connection.execute(
        f"WITH events AS ({union}), "
        "paused AS (SELECT *, moment - lag(moment) OVER (PARTITION BY whose ORDER BY moment) AS pause FROM events), "
        f"cut AS (SELECT whose, kind, moment, count(*) FILTER ({begins}) OVER "
        "(PARTITION BY whose ORDER BY moment ROWS UNBOUNDED PRECEDING) AS number FROM paused), "
        "seen AS (SELECT kind, min(kind) OVER every <> max(kind) OVER every AS beside, count(*) OVER every > 1 AND "
        "lead(moment) OVER (PARTITION BY whose, number ORDER BY moment) IS NULL AS last FROM cut "
        "WINDOW every AS (PARTITION BY whose, number)) "
        "SELECT kind, count(*), count(*) FILTER (beside), count(*) FILTER (last) FROM seen GROUP BY kind "
        "ORDER BY 2 DESC, 1"
    ).fetchall()
    if not found or len(found) > MOST_TYPES:
        return None
    return Kinds(column, tuple(Kind(*row) for row in found), parts == 1)
