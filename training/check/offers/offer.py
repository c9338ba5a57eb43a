"""An offer: settings that this log has something for, the line to type for them, and the reason."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.check.exam import Exam
from training.check.offers.kinds import Kinds
from training.items.look import Look

Table = dict[str, dict[str, Any]]  # section -> setting -> value
FLAGS = {("types", "item"): "item-types", ("types", "user"): "user-types"}  # of settings that have another name there


@dataclass(frozen=True)
class Offer:
    """switch: its heading in docs/objectives.md, in a word. settings: by section. line: the same as flags, and behind
    them what only a file of settings can say."""

    switch: str
    settings: Table
    line: str
    reason: str


@dataclass(frozen=True)
class UserColumn:
    """values: how many. kept: share of a user's events with the user's own value. taste: how unlike users of different
    values are in what they take, in multiples of what it would be by chance."""

    name: str
    values: int
    kept: float
    taste: float


@dataclass(frozen=True)
class Facts:
    """All that offers are made of. kinds: the types of events, None where no column holds them. look: the metadata of
    the items, None where there is none. people: columns that say something of users, the most telling first."""

    exam: Exam
    kinds: Kinds | None
    look: Look | None
    people: Sequence[UserColumn] = ()


def offer(switch: str, settings: Table, reason: str) -> Offer:
    return Offer(switch, settings, line_of(settings), reason)


def line_of(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """Flags for `train`, quoted for a shell; tables, which have no flag, as TOML behind `--config`."""
    flags = [
        text
        for section, values in settings.items()
        for name, value in values.items()
        for text in _flag(FLAGS.get((section, name), name), value)
    ]
    tables = [
        f"{section}.{name} = {_toml(value)}"
        for section, values in settings.items()
        for name, value in values.items()
        if isinstance(value, dict)
    ]
    return "; ".join([" ".join(flags)] * bool(flags) + [f"in the file of --config: {table}" for table in tables])


def _flag(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        return
    yield f"--{name.replace('_', '-')}"
    for one in value if isinstance(value, list) else [value]:
        yield shlex.quote(f"{one:g}" if isinstance(one, float) else str(one))


def _toml(table: Mapping[str, float]) -> str:
    return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)} = {value:g}" for name, value in table.items()) + "}"
