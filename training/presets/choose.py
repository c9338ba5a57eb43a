"""Which of a preset's shapes the given files have, and which of a folder's files are the log."""

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from index.errors import EventsError, EventsMissing
from training.presets.heads import Head, head_of
from training.presets.preset import Preset, Settings, Variant


@dataclass(frozen=True)
class Chosen:
    """files: of the events, in input order. beside: glob of further files -> those that are there. settings: of the
    section events, as the shape of the files has them."""

    variant: Variant
    files: tuple[str, ...]
    beside: dict[str, tuple[str, ...]]
    settings: Settings


def choose(preset: Preset, paths: Sequence[str]) -> Chosen:
    """The first variant that the files have. In folders only files with its names are looked at; a file that is named
    itself may be called anything.

    Raises EventsError where the files are another tool's, or cannot be trained on; EventsMissing where there are none.
    """
    named, found = files_of(paths)
    heads = {file: head_of(file) for file in named}
    heads |= {file: head_of(file) for file in found if any(_called(file, v.names) for v in preset.variants)}
    for variant in preset.variants:
        fitting = {
            file: settings
            for file, head in heads.items()
            if (file in named or _called(file, variant.names)) and (settings := variant.fits(head)) is not None
        }
        if fitting:
            return _taken(preset, variant, fitting, heads, named)
    raise _nothing(preset, heads, [*named, *found], paths)


def _taken(
    preset: Preset, variant: Variant, fitting: dict[str, Settings], heads: dict[str, Head], named: Sequence[str]
) -> Chosen:
    files = tuple(fitting)
    if variant.refusal:
        raise EventsError(f"{files[0]}: these are the files of {variant.title}, and {variant.refusal}")
    folders = sorted({str(Path(file).parent) for file in files})
    if preset.one and len(folders) > 1:
        raise EventsError(
            f"{preset.tool} is there more than once, in {folders[0]} and in {folders[1]}: name one of the folders with "
            "--events"
        )
    further = tuple(f for f in named if f not in fitting and not _called(f, variant.beside))
    if further:
        raise EventsError(_other(preset, heads[further[0]]))
    settings = fitting[files[0]]
    odd = next((file for file in files if fitting[file] != settings), None)
    if odd:
        raise EventsError(f"{odd}: has other columns than {files[0]}; train on one of them, or name what both have")
    siblings = [str(path) for folder in folders for path in sorted(Path(folder).iterdir()) if path.is_file()]
    siblings += [file for file in named if file not in siblings]
    beside = {
        pattern: tuple(f for f in siblings if f not in files and _called(f, (pattern,))) for pattern in variant.beside
    }
    return Chosen(variant, files, beside, settings)


def files_of(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Files that are named, or match a glob; and those in folders that are named. Raises EventsMissing for a path that
    is not there."""
    named: dict[str, None] = {}
    found: dict[str, None] = {}
    for path in paths:
        if os.path.isdir(path):
            found |= dict.fromkeys(sorted(str(p) for p in _below(Path(path))))
        elif os.path.exists(path):
            named[path] = None
        else:
            matching = sorted(f for f in glob.glob(path, recursive=True) if os.path.isfile(f))
            if not matching:
                raise EventsMissing(f"{path} does not exist and matches no file: check the path, and quote globs")
            named |= dict.fromkeys(matching)
    return list(named), [file for file in found if file not in named]


def _below(folder: Path) -> Iterable[Path]:
    """Its files, except those whose name or folder begins with . or _: other programs leave notes there."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts):
            yield path


def _called(file: str, patterns: Iterable[str]) -> bool:
    name = Path(file).name.lower()
    return any(fnmatch(name, pattern.lower()) for pattern in patterns)


def _nothing(preset: Preset, heads: dict[str, Head], files: Sequence[str], paths: Sequence[str]) -> EventsError:
    if not files:
        return EventsMissing(f"{', '.join(map(str, paths))}: the folder has no files")
    if heads:
        return EventsError(_other(preset, next(iter(heads.values()))))
    names = dict.fromkeys(name.rstrip("*") for variant in preset.variants for name in variant.names)
    there = ", ".join(Path(file).name for file in files[:5])
    return EventsMissing(f"{paths[0]}: no file of {preset.tool} ({', '.join(names)}); there are {there}")


def _other(preset: Preset, head: Head) -> str:
    return (
        f"{head.file}: not a file of {preset.tool} as --from {preset.name} knows it: it {head.described()}. Leave out "
        "--from and name the columns (--user, --item, --time), or name another preset"
    )
