"""Users who are not known, and items that are none: what systems write in place of an id, in logs and posted events."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from training.events.source import Sources
from training.events.sql import literal
from training.eventsconfig import EventsConfig

# What stands where there is no value, in lower case; also of items. \n is how MySQL, PostgreSQL and Hive write NULL,
# and # begins the errors of a spreadsheet.
PLACEHOLDERS = ("-1", "-1.0", "-", "na", "n/a", "<na>", "nan", "nil", "none", "null", "(null)", "[null]", "<null>",
                "\\n", "undefined", "unknown", "(not set)", "(none)", "#n/a", "#ref!", "#value!", "#name?", "#div/0!",
                "#null!", "#num!", "00000000-0000-0000-0000-000000000000")  # fmt: skip
WORDS = (*PLACEHOLDERS, "guest", "anonymous", "anon")
# Also the first id of a log that counts its users from 0: then these are users too.
ZEROS = {zero: tuple(zero.replace("0", digit, 1) for digit in "123") for zero in ("0", "0.0")}
SPACE = r"\s\x0b\x1c-\x1f\x85\p{Z}"
# Times the events of its neighbours, and beside them a share of all events.
FAR_ABOVE, ABOVE, MUCH = 20, 5, 0.1


def names_nobody(user: str | None) -> bool:
    """Of one id alone: 0 may be a user."""
    return user is not None and user.strip().lower() in (*WORDS, *ZEROS)


def names_nothing(item: str) -> bool:
    """Whether an item id is one of the words; 0 may be an item."""
    return item.strip().lower() in WORDS


def nobody_sql(text: str, words: Iterable[str] = (*WORDS, *ZEROS)) -> str:
    """Whether the id is missing, or one of the words."""
    return f"({blank_sql(text)} OR lower(trim({text})) IN ({', '.join(map(literal, words))}))"


def blank_sql(text: str) -> str:
    """Whether an id is missing or only white space, of any alphabet. The first character of most ids says no."""
    return f"({text} IS NULL OR (NOT ({text} >= '!' AND {text} < '~') AND NOT regexp_matches({text}, '[^{SPACE}]')))"


def spellings() -> dict[str, str]:
    """How the words are written -> how they are called; what is no id at all is ''."""
    ways = (str, str.upper, str.capitalize, str.title)
    return {"": "", "NaN": "NaN"} | {way(word): way(word) for word in WORDS for way in ways}


def hashes_of(connection: duckdb.DuckDBPyConnection, texts: Iterable[str]) -> NDArray[np.uint64]:
    """The hashes by which the reader knows these ids."""
    found = connection.execute("SELECT hash(unnest(?::VARCHAR[]))", [list(texts)]).fetchall()
    return np.array([h for (h,) in found], dtype=np.uint64)


def zero_is_a_user(zero: int, neighbours: Iterable[int], events: int) -> bool:
    """Whether 0 is the id of somebody, by its events and those of 1, 2 and 3: in a log that counts its users from 0
    they are there too, and none of them has so much of the log."""
    there = [count for count in neighbours if count]
    if len(there) < 2:
        return False
    most = max(there)
    return zero <= ABOVE * most or (zero <= FAR_ABOVE * most and zero <= MUCH * events)


def words_of(connection: duckdb.DuckDBPyConnection, sources: Sources, config: EventsConfig) -> tuple[str, ...]:
    """The words that name nobody in this log: a look at its users, for the setting that rejects their rows."""
    wanted = ", ".join(literal(number) for zero, others in ZEROS.items() for number in (zero, *others))
    counts: Counter[str | None] = Counter()
    for source in sources.sources:
        user = source.id_text(config.user)
        query = f"SELECT CASE WHEN {user} IN ({wanted}) THEN {user} END, count(*) FROM {source.scan()} GROUP BY ALL"
        counts.update(dict(connection.execute(query).fetchall()))
    return (*WORDS, *zeros_of(counts, counts.total()))


def zeros_of(counts: Mapping[Any, int], events: int) -> tuple[str, ...]:
    """Those of ZEROS that name nobody. counts: id -> events."""
    return tuple(
        zero
        for zero, others in ZEROS.items()
        if counts.get(zero) and not zero_is_a_user(counts[zero], [counts.get(n, 0) for n in others], events)
    )
