"""The rows of a tool's files, each as an event, an item or a user, or what kept it from being one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from training.presets.heads import Head
from training.presets.rows import lines, numbered, object_of

Kind = Literal["items", "events", "users"]
KINDS: tuple[Kind, ...] = ("items", "events", "users")  # in the order in which they are loaded


@dataclass(frozen=True)
class Read:
    """row: as the service takes it; None where `wrong` says why there is none. text: the row as it stands."""

    file: str
    line: int
    text: str
    row: dict[str, Any] | None
    wrong: str = ""


@dataclass(frozen=True)
class Dump:
    """A file of one kind. made: a row of it, as the file has it, as the service takes it. columns: whether it is CSV;
    else JSON lines."""

    file: str
    kind: Kind
    made: Callable[[dict[str, Any]], dict[str, Any]]
    columns: bool

    def __iter__(self) -> Iterator[Read]:
        """Raises EventsError for a file that cannot be read on."""
        return self._of_columns() if self.columns else self._of_objects()

    def _of_columns(self) -> Iterator[Read]:
        for line, fields, row in numbered(self.file):
            text = ",".join(fields)
            if row is None:
                yield Read(self.file, line, text, None, f"has {len(fields)} fields, another number than the header")
            else:
                yield Read(self.file, line, text, self.made(dict(row)))

    def _of_objects(self) -> Iterator[Read]:
        for number, line in enumerate(lines(self.file), 1):
            text = line.strip()
            if text:
                row = object_of(text)
                made = None if row is None else self.made(row)
                yield Read(self.file, number, text, made, "" if made else "is no JSON object")


Tool = Callable[[Sequence[Head]], list[Dump]]
"""Of the files that begin so, those of the tool, as dumps."""
