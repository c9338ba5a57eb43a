"""Amazon Personalize's three data sets as CSV, and their Avro schemas where those are given too."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.loading.dump import Dump
from cli.loading.rows import event, item
from training.presets.heads import Head
from training.presets.tools.personalize import Schema, item_of, number_of, schema_of


def dumps(heads: Sequence[Head]) -> list[Dump]:
    schema = next((found for head in heads if (found := schema_of(head))), Schema())
    return [dump for head in heads if (dump := _dump(head, schema))]


def _dump(head: Head, schema: Schema) -> Dump | None:
    names = {name.upper() for name in head.header()}
    if names >= {"USER_ID", "ITEM_ID", "TIMESTAMP"}:
        return Dump(head.file, "events", _interaction, columns=True)
    if "ITEM_ID" in names and "USER_ID" not in names:
        return Dump(head.file, "items", lambda row: item(item_of(row, schema)), columns=True)
    return Dump(head.file, "users", dict, columns=True) if "USER_ID" in names and "ITEM_ID" not in names else None


def _interaction(row: Mapping[str, Any]) -> dict[str, Any]:
    upper = {name.upper(): value for name, value in row.items()}
    time = number_of(upper["TIMESTAMP"].strip())
    return event("personalize", upper["USER_ID"], upper["ITEM_ID"], time, upper.get("EVENT_TYPE"))
