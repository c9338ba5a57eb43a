"""RetailRocket's shop log: events.csv, and what its item_properties files last said of each item."""

from collections.abc import Iterator

from training.presets.joins import csv, database, rows
from training.presets.preset import Log, Preset, Row, Variant, headed

NAMED = {"user": "visitorid", "item": "itemid", "time": "timestamp", "event_type": "event"}
PROPERTIES = ("timestamp", "itemid", "property", "value")


def items(log: Log) -> Iterator[Row]:
    """The other properties are hashed, and say nothing to a person."""
    files = log.others("item_properties*.csv*")
    if not files:
        return
    last = "arg_max(value, TRY_CAST(timestamp AS BIGINT)) FILTER (property = '{}')"
    with database() as connection:
        yield from rows(
            connection,
            f"SELECT itemid AS item_id, {last.format('categoryid')} AS category, "
            f"{last.format('available')} = '1' AS available FROM {csv(files, PROPERTIES)} "
            "WHERE property IN ('categoryid', 'available') GROUP BY itemid ORDER BY itemid",
        )


PRESET = Preset(
    "retailrocket",
    "RetailRocket",
    (
        Variant(
            "RetailRocket's events",
            names=("events.csv*", "events.parquet"),
            fits=headed(",", NAMED, time_unit="ms", conversion_types=("transaction",)),
            beside=("item_properties*.csv*",),
            items=items,
        ),
    ),
)
