"""What a preset is: for each shape of file that a tool writes, how it is told, and the settings it stands for."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.presets.heads import Head

Settings = Mapping[str, Any]
"""Settings of the section events by name."""
Fits = Callable[[Head], Settings | None]
"""The settings that read a file of this beginning, or None where it has another shape."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Log:
    """What was found. files: of the events. beside: name of a further file -> the file. item: the column of the item
    id in the log, which the metadata names its id too. settings: of the events, as they will be."""

    files: tuple[str, ...]
    beside: Mapping[str, tuple[str, ...]]
    item: str
    settings: Settings

    def others(self, name: str) -> tuple[str, ...]:
        return self.beside.get(name, ())


@dataclass(frozen=True)
class Made:
    """Events written anew. settings: those of `settings` that change with it. notes: what a person should know."""

    settings: Settings
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Variant:
    """One shape of a tool's files.

    title: what it is called. names: of its files of events, as globs, where a folder is given. beside: globs of further
    files, in the folders of the events. needs: those of them without which the events cannot be read, and what each
    says. sections: settings of other sections. items: rows of metadata with `item_id`, lists as lists. joined: writes
    the events into a file called `makes`, which is read in their place. refusal: why such files cannot be trained on.
    notes: what a person should know.
    """

    title: str
    names: tuple[str, ...]
    fits: Fits
    beside: tuple[str, ...] = ()
    needs: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, Settings] | None = None
    items: Callable[[Log], Iterator[Row]] | None = None
    joined: Callable[[Log, Path], Made] | None = None
    makes: str = "events.parquet"
    refusal: str | None = None
    notes: tuple[str, ...] = ()


def whatever(file: str) -> str:
    return ""


def folder_of(file: str) -> str:
    return str(Path(file).parent)


@dataclass(frozen=True)
class Preset:
    """name: as --from takes it. tool: as a person calls it. log_of: what all files of one log have in common, where two
    logs beside each other must not be taken for one."""

    name: str
    tool: str
    variants: tuple[Variant, ...]
    log_of: Callable[[str], str] = whatever


def headed(delimiter: str, settings: Mapping[str, str], **more: Any) -> Fits:
    """A file whose first line names at least these columns. settings: setting -> column."""

    def fits(head: Head) -> Settings | None:
        there = set(head.header(delimiter))
        if not there.issuperset(settings.values()):
            return None
        return {**settings, **({} if head.columns else {"header": "yes", "delimiter": delimiter}), **more}

    return fits


def unheaded(delimiter: str, columns: Sequence[str], patterns: Sequence[str], settings: Settings) -> Fits:
    """A file without a header. patterns: what each field of its first lines looks like; ends may be missing."""

    def fits(head: Head) -> Settings | None:
        rows = [head.fields(delimiter, line) for line in range(min(5, len(head.lines)))]
        same = rows and all(
            len(row) == len(columns)
            and all(re.fullmatch(pattern, field) for pattern, field in zip(patterns, row, strict=False))
            for row in rows
        )
        if not same:
            return None
        return {"header": "no", "columns": tuple(columns), "delimiter": delimiter, **settings}

    return fits
