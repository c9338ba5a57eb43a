"""Instacart: orders and the products of each order lie in different files, and no row has a date.

The join makes one file of them. An order is a session, in the order in which its products were put into the cart. Times
are made up from what is there: days since the person's order before, and the hour, counted from one Monday on for
everybody. So the order of a person's own events is true, and the calendar is not.
"""

from collections.abc import Iterator
from pathlib import Path

from training.events.sql import literal
from training.presets.joins import csv, database, rows
from training.presets.preset import Log, Made, Preset, Row, Settings, Variant, folder_of, headed

ORDERS = (
    "order_id",
    "user_id",
    "eval_set",
    "order_number",
    "order_dow",
    "order_hour_of_day",
    "days_since_prior_order",
)
PRODUCTS = ("order_id", "product_id", "add_to_cart_order", "reordered")
NAMED: Settings = {"user": "user_id", "item": "product_id", "time": "timestamp", "session": "order_id"}
START = "TIMESTAMP '2015-01-05 00:00:00'"


def join(log: Log, target: Path) -> Made:
    """Writes Parquet. A product whose order is nowhere keeps its row, without a time: the reader rejects and counts
    it."""
    orders = log.others("orders.csv*")
    days = "CAST(sum(coalesce(TRY_CAST(days_since_prior_order AS DOUBLE), 0)) OVER before AS INTEGER)"
    hours = "coalesce(TRY_CAST(order_hour_of_day AS INTEGER), 0)"
    times = (
        f"SELECT order_id, user_id, {START} + to_days({days}) + to_hours({hours}) AS began FROM {csv(orders, ORDERS)} "
        "WINDOW before AS (PARTITION BY user_id ORDER BY TRY_CAST(order_number AS INTEGER))"
    )
    query = (
        "SELECT user_id, order_id, product_id, "
        "began + to_seconds(coalesce(TRY_CAST(add_to_cart_order AS INTEGER), 0)) AS timestamp, reordered "
        f"FROM {csv(log.files, PRODUCTS)} LEFT JOIN ({times}) USING (order_id)"
    )
    with database(target.parent) as connection:
        connection.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)")
    return Made(NAMED)


def items(log: Log) -> Iterator[Row]:
    products = log.others("products.csv*")
    if not products:
        return
    names = "product_id AS item_id, product_name AS title"
    query = f"SELECT {names} FROM {{}}"
    tables = csv(products, ("product_id", "product_name", "aisle_id", "department_id"))
    for file, table in (("aisles.csv*", "aisle"), ("departments.csv*", "department")):
        if log.others(file):
            tables += f" LEFT JOIN {csv(log.others(file), (f'{table}_id', table))} USING ({table}_id)"
            names += f", {table}" + (f", {table} AS category" if table == "department" else "")
    query = f"SELECT {names} FROM {tables} ORDER BY item_id"
    with database() as connection:
        yield from rows(connection, query)


PRESET = Preset(
    "instacart",
    "Instacart",
    (
        Variant(
            "Instacart's orders",
            names=("order_products__*.csv*",),
            fits=headed(",", {"session": "order_id", "item": "product_id"}),
            beside=("orders.csv*", "products.csv*", "aisles.csv*", "departments.csv*"),
            needs={"orders.csv*": "whose order it is, and when"},
            sections={"evaluation": {"split": "session"}},
            items=items,
            joined=join,
            notes=(
                "an order is a session; no file has dates, so times are counted from one Monday on for everybody, and "
                "sessions are held out at random",
            ),
        ),
    ),
    log_of=folder_of,
)
