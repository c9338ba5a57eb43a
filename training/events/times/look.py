"""The times of a log before it is read: what decides how the whole column is read, and what no reading puts right.

The first rows of each file are looked at. Only where they hold dates whose month and day could change places, and do
not decide it, the whole column is.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import duckdb

from store.times.likeness import number_form
from store.times.numbers import LATEST
from store.times.reading import TimeRule, number_in, read_time
from store.times.texts import Order, slashes, tidy
from training.events.source import Source
from training.events.sql import READ_ERRORS, literal
from training.events.times.facts import DayOrder, TimeFacts
from training.events.times.twin import is_shared, rule_for
from training.eventsconfig import EventsConfig

LOOK_FILES, LOOK_ROWS = 100, 10_000  # files, and rows of all of them together
LOOK_TEXTS, FAST_TEXTS, SHOWN = 1000, 200, 3  # of these, how many are read, tried and shown
MOSTLY = 0.9  # of the times
# Formats of strptime that DuckDB reads by itself, as the parser of record does: the test of both goes through them.
FAST = (
    "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%S.%f+00:00", "%Y-%m-%d %H:%M:%S.%f+00:00", "%Y-%m-%d %H:%M:%S,%f",
    "%Y-%m-%dT%H:%M:%S,%f", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y",
    "%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M:%S",
)  # fmt: skip
ORDERS: tuple[Order, ...] = ("mdy", "dmy")
ORDERED = ("{d} %H:%M", "{d} %H:%M:%S", "{d}")
DATES_OF = {"mdy": ("%m/%d/%Y", "%m-%d-%Y"), "dmy": ("%d/%m/%Y", "%d-%m-%Y")}
# A date with the year last, and whatever follows it.
YEAR_LAST = r"^\s*(\d{1,2})([/-])(\d{1,2})[/-](\d{4}|\d{2})(\D.*)?$"


def look_at_times(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], config: EventsConfig
) -> tuple[tuple[Source, ...], TimeFacts]:
    """The sources, each knowing how its times are read, and the facts.

    What cannot be read here is passed over: whoever reads the log will say so.
    """
    texts = dict(zip(range(len(sources)), _first_texts(connection, sources, config), strict=True))
    every = [text for some in texts.values() for text in some]
    days = DayOrder()
    if not config.time_format:
        days = _days_of(every)
        if days.dates and not days.order:
            days = _all_days(connection, sources, config, days)
    facts = replace(_facts(every, config), days=days)
    found = []
    for number, source in enumerate(sources):
        ordered = replace(source, day_order=days.order)
        found.append(replace(ordered, time_fast=_fast(connection, texts[number], rule_for(ordered, config))))
    rule = rule_for(found[0], config) if found else TimeRule()
    bad = [text for text in every[:LOOK_TEXTS] if not _is_time(text, rule)]
    return tuple(found), replace(facts, unread=tuple(bad[:SHOWN]))


def _first_texts(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], config: EventsConfig
) -> Iterator[list[str]]:
    """Of each source, the different times in the first rows of its files."""
    files = sum(len(source.files) for source in sources)
    rows = max(LOOK_ROWS // max(1, files), LOOK_ROWS // LOOK_FILES)
    looked = 0
    for source in sources:
        texts: dict[str, None] = {}
        typed = source.type_of(config.time).startswith(("TIMESTAMP", "DATE")) or not source.has(config.time)
        for file in () if typed else source.files[: LOOK_FILES - looked]:
            looked += 1
            scan = f"SELECT {source.raw_text(config.time)} AS x FROM {source.scan([file])} LIMIT {rows}"
            with suppress(*READ_ERRORS):
                found = connection.execute(f"SELECT DISTINCT x FROM ({scan}) WHERE x IS NOT NULL").fetchall()
                texts |= dict.fromkeys(sorted(text for (text,) in found))
        yield list(texts)


def _days_of(texts: Sequence[str]) -> DayOrder:
    """Of those texts that are a time once the order is known: no order makes one of any other."""
    dates = [(text, found) for text in texts if (found := slashes(tidy(text))) and _is_ordered(text)]
    if not dates:
        return DayOrder()
    numbers = [(int(first), int(second)) for _, (first, second, _) in dates]
    return DayOrder(
        dates=len(dates),
        month_first=sum(first <= 12 < second for first, second in numbers),
        day_first=sum(second <= 12 < first for first, second in numbers),
        maybe_year=all(len(a) == 2 == len(c) and 1 <= int(c) <= 31 for _, (a, _, c) in dates),
        example=tidy(dates[0][0])[:40],
    )


def _is_ordered(text: str) -> bool:
    return any(_is_time(text, TimeRule(order=order)) for order in ORDERS)


def _all_days(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], config: EventsConfig, seen: DayOrder
) -> DayOrder:
    """The same of the whole column."""
    parts = "['first', 'sep', 'second', 'year']"
    days = replace(seen, dates=0, month_first=0, day_first=0)
    for source in sources:
        if source.type_of(config.time).startswith(("TIMESTAMP", "DATE")) or not source.has(config.time):
            continue
        found = f"SELECT regexp_extract({source.raw_text(config.time)}, {literal(YEAR_LAST)}, {parts}) AS p"
        numbers = "p.first::INT AS first, p.second::INT AS second, strlen(p.first) = 2 AND strlen(p.year) = 2 AND "
        numbers += "p.year::INT BETWEEN 1 AND 31 AS maybe"
        with suppress(*READ_ERRORS):
            rows = connection.execute(
                "SELECT count(*), count(*) FILTER (first <= 12 AND second > 12), count(*) FILTER (second <= 12 AND "
                f"first > 12), coalesce(bool_and(maybe), true) FROM (SELECT {numbers} FROM ({found} FROM "
                f"{source.scan()}) WHERE p.first <> '')"
            ).fetchall()
            dates, months, ds, maybe = rows[0]
            days = replace(
                days,
                dates=days.dates + dates,
                month_first=days.month_first + months,
                day_first=days.day_first + ds,
                maybe_year=days.maybe_year and maybe,
            )
    return days if days.dates else seen


def _facts(texts: Sequence[str], config: EventsConfig) -> TimeFacts:
    """The form of the numbers, where no setting says what they are."""
    if config.time_format or config.time_unit != "auto":
        return TimeFacts()
    numbers = [(number, text) for text in texts if (number := number_in(text)) is not None]
    if not numbers or len(numbers) < MOSTLY * len(texts):
        return TimeFacts()
    form = number_form([number for number, _ in numbers], time.time_ns() // 1000)
    return TimeFacts(number=form, examples=(min(numbers)[1][:40], max(numbers)[1][:40])) if form else TimeFacts()


def _fast(connection: duckdb.DuckDBPyConnection, texts: Sequence[str], rule: TimeRule) -> str:
    """The format of strptime that most of these texts have, of those that DuckDB may read alone; or ""."""
    if rule.format:
        return rule.format if "%" in rule.format and is_shared(rule.format) else ""
    some = texts[:: max(1, len(texts) // FAST_TEXTS)]
    if not some:
        return ""
    candidates = FAST + tuple(f.format(d=d) for d in DATES_OF.get(rule.order, ()) for f in ORDERED)
    counts = ", ".join(f"count(try_strptime(x, {literal(f)}))" for f in candidates)
    found = connection.execute(f"SELECT {counts} FROM (SELECT unnest(?::VARCHAR[]) AS x)", [some]).fetchall()[0]
    most = max(found)
    return candidates[found.index(most)] if most > len(some) / 2 else ""


def _is_time(text: str, rule: TimeRule) -> bool:
    found = read_time(text, rule)
    return found is not None and 0 <= found <= LATEST
