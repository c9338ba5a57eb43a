"""Columns that a path holds, as Hive and Spark write them: event_date=2024-03-01/part-0.parquet."""

import re
from pathlib import PurePath
from urllib.parse import unquote

from training.events.shapes.shape import FILE
from training.events.sql import literal, name

NOTHING = "__HIVE_DEFAULT_PARTITION__"


def partitions(file: str) -> dict[str, str]:
    """Column -> value, of the folders of a path; of two folders of one name the deeper counts."""
    parts = [part.split("=", 1) for part in PurePath(file).parts[:-1] if "=" in part]
    return {column: unquote(value) for column, value in parts if column}


def sql(column: str) -> str:
    """The value of the row's own file as text; NULL for the folder of rows that had none."""
    pattern = f"^(?:.*/)?{re.escape(column)}=([^/]*)/"
    value = f"url_decode(regexp_extract({name(FILE)}, {literal(pattern)}, 1))"
    return f"nullif(nullif({value}, {literal(NOTHING)}), '')"
