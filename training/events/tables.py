"""Folders that are a table of a lakehouse: what of their files counts is written in a log beside them."""

from pathlib import Path

from index.errors import EventsError
from training.events.tree import walk

LOGS = {"_delta_log": "Delta", ".hoodie": "Hudi"}


def check_no_table(folder: str) -> None:
    """Raises EventsError for a folder with a table of Delta, Iceberg or Hudi in it: its files also hold rows that were
    deleted or written anew since."""
    for place, folders, files in walk(folder):
        table, notes = Path(place), {name: LOGS[name] for name in folders if name in LOGS}
        if table.name == "metadata" and any(name.endswith(".metadata.json") for name in files):
            table, notes = table.parent, {table.name: "Iceberg"}
        for name, kind in notes.items():
            if _holds_data(table, table / name):
                raise EventsError(
                    f"{table}: is a table of {kind}, as {name} in it says, and its files also hold rows that were "
                    "deleted or written anew since. Write its rows as plain Parquet with a tool that reads such tables "
                    f"({_scan(kind, table)}), and name that; a glob reads the files as they are"
                )


def _holds_data(table: Path, notes: Path) -> bool:
    """Whether Parquet files lie beside those notes."""
    below = ((Path(place), files) for place, _, files in walk(str(table)))
    return any(file.endswith(".parquet") for place, files in below if not place.is_relative_to(notes) for file in files)


def _scan(kind: str, table: Path) -> str:
    if kind == "Hudi":
        return f"in Spark: spark.read.format('hudi').load('{table}')"
    return f"in DuckDB: COPY (FROM {kind.lower()}_scan('{table}')) TO 'log.parquet'"
