"""Amazon Personalize: the CSV files of its Interactions and Items schemas. Names of columns go by any letter case."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from training.presets.heads import Head, head_of
from training.presets.preset import Log, Preset, Row, Settings, Variant
from training.presets.rows import filled, several, table

NEEDED = {"user": "USER_ID", "item": "ITEM_ID", "time": "TIMESTAMP"}
# Event types of its domains (ECOMMERCE, VIDEO_ON_DEMAND) that are what people came for.
CONVERSIONS = ("Purchase", "purchase")
TITLES = ("TITLE", "NAME", "ITEM_NAME", "PRODUCT_NAME")
CATEGORIES = ("CATEGORY_L1", "CATEGORY", "GENRES", "GENRE", "CATEGORY_L2")


def fits(head: Head) -> Settings | None:
    there = {name.upper(): name for name in head.header()}
    if not there.keys() >= set(NEEDED.values()):
        return None
    found = {setting: there[column] for setting, column in NEEDED.items()}
    csv = {} if head.columns else {"header": "yes", "delimiter": ","}
    types: dict[str, Any] = {}
    if "EVENT_TYPE" in there:
        place = head.header().index(there["EVENT_TYPE"])
        seen = {row[place] for line in range(1, len(head.lines)) if len(row := head.fields(",", line)) > place}
        # One that the log does not have would only be warned of.
        conversions = tuple(kind for kind in CONVERSIONS if kind in seen)
        types = {"event_type": there["EVENT_TYPE"], **({"conversion_types": conversions} if conversions else {})}
    return {**found, **csv, **types, "time_unit": "s"}


@dataclass(frozen=True)
class Schema:
    """What the Avro schema of a data set says of its fields, by their names in upper case: textual ones are one text,
    whatever is in them, and so is each string that is not categorical. None: it was not given."""

    texts: frozenset[str] | None = None

    def is_text(self, name: str) -> bool:
        return self.texts is not None and name in self.texts


def schema_of(head: Head) -> Schema | None:
    """None where the file is no schema of items."""
    try:
        content = json.loads("\n".join(head.lines))
        fields = {str(field["name"]).upper(): field for field in content["fields"]}
    except (ValueError, RecursionError, TypeError, KeyError):
        return None
    if "ITEM_ID" not in fields or "USER_ID" in fields:
        return None
    return Schema(frozenset(name for name, field in fields.items() if _is_text(field)))


def _is_text(field: Mapping[str, Any]) -> bool:
    kinds = field.get("type")
    return "string" in (kinds if isinstance(kinds, list) else [kinds]) and not field.get("categorical")


def item_of(row: Mapping[str, str], schema: Schema = Schema()) -> Row:
    """An item of the Items schema. Without its schema a | in a field is taken to stand between several values."""
    upper = {name.upper(): value for name, value in row.items()}
    more = {name.lower(): _value(upper[name], schema.is_text(name)) for name in upper if name != "ITEM_ID"}
    title = next((upper[name] for name in TITLES if upper.get(name)), None)
    category = next((several(upper[name])[0] for name in CATEGORIES if several(upper.get(name))), None)
    return filled({**more, "item_id": upper.get("ITEM_ID"), "title": title, "category": category})


def _value(text: str, whole: bool) -> object:
    if whole:
        return text
    return several(text) if "|" in text else number_of(text)


def number_of(text: str) -> object:
    """The number that a text is, where it is written plainly: 007, 1e5 and nan stay texts."""
    if not re.fullmatch(r"-?(0|[1-9]\d{0,17})(\.\d+)?", text):
        return text
    return float(text) if "." in text else int(text)


def items(log: Log) -> Iterator[Row]:
    """Of every CSV beside the interactions that names ITEM_ID and no USER_ID."""
    schemas = (schema_of(head_of(file)) for file in log.others("*.json"))
    schema = next((found for found in schemas if found), Schema())
    for file in log.others("*.csv*"):
        names = {name.upper() for name in head_of(file).header()}
        if "ITEM_ID" in names and "USER_ID" not in names:
            yield from (item_of(row, schema) for row in table(file))


PRESET = Preset(
    "personalize",
    "Amazon Personalize",
    (
        Variant(
            "Personalize's interactions",
            names=("*.csv*", "*.parquet"),
            fits=fits,
            beside=("*.csv*", "*.json"),
            items=items,
            notes=("EVENT_VALUE and IMPRESSION are not used; --weight EVENT_VALUE takes the first as a weight",),
        ),
    ),
)
