"""Fields inside the objects of JSON, found by dotted path in those that were looked at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from training.events.shapes.structs import KEY, TYPED_VALUES, VALUE, Entry, Step
from training.events.sql import literal, name

DEEPEST = 8
MOST_PATHS = 5000
MOST_PLACES = 20  # of a list, that are named by number
# MongoDB's extended JSON: how it writes a value whose type JSON does not have.
WRAPPERS = ("$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid", "$symbol")


@dataclass
class Keys:
    """What objects hold. top: their keys, in order of appearance. objects: how many were looked at.

    paths: dotted path -> steps to the field. lists, others: fields -> how often one was a list, or anything else but
    null. wrapped: fields -> wrappers seen around their values.
    """

    top: dict[str, None] = field(default_factory=dict)
    objects: int = 0
    paths: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    lists: Counter[tuple[Step, ...]] = field(default_factory=Counter)
    others: Counter[tuple[Step, ...]] = field(default_factory=Counter)
    wrapped: dict[tuple[Step, ...], dict[tuple[str, ...], None]] = field(default_factory=dict)

    def see(self, found: dict[str, Any]) -> None:
        self.objects += 1
        self.top |= dict.fromkeys(found)
        for key, value in found.items():
            self._walk(key, (key,), value)

    def find(self, path: str) -> tuple[Step, ...] | None:
        """The steps to a field; None where no object had it. A key that holds a dot itself is found first."""
        return self.paths.get(path)

    def expect(self, path: str) -> None:
        """Lets a field be found that none of these objects has: as a key of its own, unless its first part is one."""
        first, *more = path.split(".")
        steps: tuple[Step, ...] = (first, *more) if more and first in self.top else (path,)
        self.paths.setdefault(path, steps)

    def nested(self) -> list[str]:
        """Dotted paths of values inside the top keys, those of lists without numbers."""
        kept = [(path, steps) for path, steps in self.paths.items() if len(steps) > 1 and self.others[steps]]
        return [path for path, steps in kept if not any(isinstance(step, int) for step in steps)]

    def is_list(self, steps: Sequence[Step]) -> bool:
        """Whether the field was a list wherever it was not null."""
        return bool(self.lists[tuple(steps)]) and not self.others[tuple(steps)]

    def _walk(self, path: str, steps: tuple[Step, ...], value: Any) -> None:
        known = self.paths.get(path)
        if known is None and len(self.paths) >= MOST_PATHS:
            return
        if known is None or len(known) > len(steps):
            self.paths[path] = steps
        if value is None or len(steps) > DEEPEST:
            return
        if isinstance(value, dict):
            if chain := _wrapping(value):
                self.wrapped.setdefault(steps, {})[chain] = None
                self.others[steps] += 1
            for key, inner in value.items():
                self._walk(f"{path}.{key}", (*steps, key), inner)
        elif isinstance(value, list):
            self.lists[steps] += 1
            for place, inner in enumerate(value[:MOST_PLACES]):
                self._walk(f"{path}.{place}", (*steps, place), inner)
                self._walk_each(path, steps, inner)
                self._walk_entry(path, steps, inner)
        else:
            self.others[steps] += 1

    def _walk_each(self, path: str, steps: tuple[Step, ...], value: Any) -> None:
        """The fields of an element, as those of each: `items.id` for the ids of all items."""
        if not isinstance(value, dict):
            return
        if chain := _wrapping(value):
            self.wrapped.setdefault((*steps, None), {})[chain] = None
        for key, inner in value.items():
            self._walk(f"{path}.{key}", (*steps, None, key), inner)

    def _walk_entry(self, path: str, steps: tuple[Step, ...], element: Any) -> None:
        """An element of a list of keys and values, as the value of its key: `event_params.ga_session_id`."""
        if not isinstance(element, dict) or set(element) != {KEY, VALUE}:
            return
        key, value = str(element[KEY]), element[VALUE]
        if isinstance(value, dict) and set(value) & set(TYPED_VALUES):
            for part, inner in value.items():
                self._walk(f"{path}.{key}.{part}", (*steps, Entry(key, False), part), inner)
            value = next((value[part] for part in TYPED_VALUES if value.get(part) is not None), None)
            self._walk(f"{path}.{key}", (*steps, Entry(key, True)), value)
        else:
            self._walk(f"{path}.{key}", (*steps, Entry(key, False)), value)


def _wrapping(value: dict[str, Any]) -> tuple[str, ...]:
    """The wrappers around a value, outermost first: {"$date": {"$numberLong": "17"}} has two."""
    if len(value) != 1:
        return ()
    ((key, inner),) = value.items()
    if key not in WRAPPERS:
        return ()
    return (key, *_wrapping(inner)) if isinstance(inner, dict) else (key,)


def sql(keys: Keys, steps: Sequence[Step], as_list: bool = False) -> str:
    """The field as SQL of JSON over the top keys as columns; a list of JSON where a step is each element of one, or
    with `as_list`. JSON's null is NULL."""
    return _sql(keys, tuple(steps[:1]), steps[1:], name(str(steps[0])), as_list, 0)


def _sql(keys: Keys, done: tuple[Step, ...], rest: Sequence[Step], value: str, as_list: bool, depth: int) -> str:
    place = next((at for at, step in enumerate(rest) if step is None or isinstance(step, Entry)), len(rest))
    ahead, after = rest[:place], rest[place + 1 :]
    if ahead:
        value = pointed(value, [str(step) for step in ahead])
    here = (*done, *ahead)
    if place < len(rest) and isinstance(entry := rest[place], Entry):
        return _sql(keys, (*here, entry), after, _of_entry(value, entry, depth), as_list, depth)
    if place == len(rest) and not as_list:
        return unwrapped(value, list(keys.wrapped.get(here, ())))
    element = f"e{depth}"
    inner = _sql(keys, (*here, None), after, f"nullif({element}, 'null')", False, depth + 1)
    return f"list_transform(json_extract({value}, '$[*]'), lambda {element}: {inner})"


def _of_entry(value: str, entry: Entry, depth: int) -> str:
    element = f"e{depth}"
    key = f"({element} ->> {literal('/' + KEY)})"
    found = f"list_filter(json_extract({value}, '$[*]'), lambda {element}: {key} = {literal(entry.key)})[1]"
    if entry.typed:
        return f"coalesce({', '.join(pointed(found, [VALUE, part]) for part in TYPED_VALUES)})"
    return pointed(found, [VALUE])


def pointed(value: str, keys: Sequence[str]) -> str:
    """What a JSON pointer (RFC 6901) leads to; it is the only path in which any key can be written."""
    return f"nullif(json_extract({value}, {literal(''.join(map(pointer, keys)))}), 'null')"


def pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def unwrapped(value: str, chains: Sequence[Sequence[str]]) -> str:
    """The value within whichever of the wrappers is there, the longest first; as it stands where none is."""
    if not chains:
        return value
    inner = [pointed(value, chain) for chain in sorted(chains, key=lambda c: -len(c))]
    return f"coalesce({', '.join(inner)}, {value})"
