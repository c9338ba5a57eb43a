"""RecBole (recbole.io): atomic files, tab-separated, whose header gives each column a type: user_id:token."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.presets.heads import Head
from training.presets.preset import Log, Preset, Row, Settings, Variant
from training.presets.rows import filled, several, table

TYPES = ("token", "token_seq", "float", "float_seq")
PEOPLE = ("user", "visitor", "customer", "reviewer", "uid")
THINGS = ("item", "movie", "product", "track", "artist", "song", "business", "venue", "book", "goods", "iid")


def typed(head: Head) -> dict[str, str]:
    """Column as written -> its type; {} where the header has no types."""
    found = {column: column.rpartition(":")[2] for column in head.header("\t")}
    return found if found and all(kind in TYPES for kind in found.values()) else {}


def fits(head: Head) -> Settings | None:
    columns = typed(head)
    tokens = [column for column, kind in columns.items() if kind == "token"]
    time = next((c for c, kind in columns.items() if kind == "float" and ("time" in c or "date" in c)), None)
    session = next((column for column in tokens if column.startswith("session")), None)
    user = next((column for column in tokens if column.startswith(PEOPLE)), None)
    rest = [column for column in tokens if column not in (user, session)]
    item = next((column for column in rest if column.startswith(THINGS)), rest[0] if rest else None)
    if item is None or time is None or (user or session) is None or lists(head):
        return None
    people = {name: column for name, column in (("user", user), ("session", session)) if column}
    csv = {} if head.columns else {"header": "yes", "delimiter": "\t", "quoting": "none"}
    return {**people, "item": item, "time": time, **csv}


def lists(head: Head) -> bool:
    """Whether it holds sessions that were cut into prefixes."""
    return any(column.endswith("_list:token_seq") for column in head.header("\t"))


def fits_prefixes(head: Head) -> Settings | None:
    return {} if typed(head) and lists(head) else None


def fits_timeless(head: Head) -> Settings | None:
    columns = typed(head)
    return {} if list(columns.values()).count("token") >= 2 and not lists(head) else None


def dataset_of(file: str) -> str:
    """ml-100k of ml-100k.inter, and of the parts ml-100k.train.inter and ml-100k.test.inter; with its folder."""
    return str(Path(file).parent / Path(file).name.partition(".")[0])


def items(log: Log) -> Iterator[Row]:
    """The .item file of the same name; its first column is the id."""
    mine = {dataset_of(file) for file in log.files}
    for file in log.others("*.item*"):
        if dataset_of(file) in mine:
            yield from map(item_of, table(file, "\t", quoted=False))


def item_of(row: dict[str, str]) -> Row:
    """Names without their types. A sequence of tokens is a list, but for a title, whose words they are."""
    found: Row = {}
    for place, (column, text) in enumerate(row.items()):
        name, _, kind = column.rpartition(":")
        found["item_id" if place == 0 else name] = _value(name, kind, text)
    category = next((name for name in ("category", "categories", "genre", "class") if found.get(name)), None)
    value: Any = found.get(category) if category else None
    title = next((found[name] for name in found if name.endswith(("title", "name")) and place), None)
    return filled({**found, "title": title, "category": value[0] if isinstance(value, list) else value})


def _value(name: str, kind: str, text: str) -> object:
    if kind == "token_seq":
        return text if name.endswith(("title", "name")) else several(text, " ")
    try:
        if kind == "float_seq":
            return [float(part) for part in text.split()]
        return float(text) if kind == "float" and text else text
    except ValueError:
        return text


PRESET = Preset(
    "recbole",
    "RecBole",
    (
        Variant("RecBole's interactions", names=("*.inter*",), fits=fits, beside=("*.item*",), items=items),
        Variant(
            "RecBole's prefixes of sessions",
            names=("*.inter*",),
            fits=fits_prefixes,
            refusal="it holds prefixes that were cut for a test (item_id_list), and the same session many times: take "
            "the .inter file with one row for each interaction, which it was made of",
        ),
        Variant(
            "RecBole's interactions without times",
            names=("*.inter*",),
            fits=fits_timeless,
            refusal="it has no times (no column like timestamp:float), so that nobody knows what came after what: take "
            "a data set that has them",
        ),
    ),
    log_of=dataset_of,
)
