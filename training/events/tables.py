"""Folders that are a table of a lakehouse: what of their files counts is written in a log beside them."""

from pathlib import Path

from index.errors import EventsError

LOGS = {"_delta_log": "Delta", ".hoodie": "Hudi"}


def check_no_table(folder: str) -> None:
    """Raises EventsError for a folder with a table of Delta, Iceberg or Hudi in it: its files also hold rows that were
    deleted or written anew since."""
    for path in Path(folder).rglob("*"):
        kind = LOGS.get(path.name) if path.is_dir() else None
        if path.parent.name == "metadata" and path.name.endswith(".metadata.json"):
            kind, path = "Iceberg", path.parent
        if kind is not None and any(path not in data.parents for data in path.parent.rglob("*.parquet")):
            raise EventsError(
                f"{path.parent}: is a table of {kind}, as {path.name} in it says, and its files also hold rows that "
                "were deleted or written anew since. Write its rows as plain Parquet with a tool that reads such "
                f"tables ({_scan(kind, path.parent)}), and name that; a glob reads the files as they are"
            )


def _scan(kind: str, table: Path) -> str:
    if kind == "Hudi":
        return f"in Spark: spark.read.format('hudi').load('{table}')"
    return f"in DuckDB: COPY (FROM {kind.lower()}_scan('{table}')) TO 'log.parquet'"
