"""Which of a preset's shapes the given files have, and which of a folder's files are the log."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from index.errors import EventsError, EventsMissing
from training.events.files import find_files
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
    logs = sorted({preset.log_of(file) for file in files})
    if len(logs) > 1:
        raise EventsError(
            f"{preset.tool} is there more than once, in {logs[0]} and in {logs[1]}: name one of them with --events"
        )
    further = tuple(f for f in named if f not in fitting and not _called(f, variant.beside))
    if further:
        raise EventsError(_other(preset, heads[further[0]]))
    settings = fitting[files[0]]
    odd = next((file for file in files if fitting[file] != settings), None)
    if odd:
        raise EventsError(f"{odd}: has other columns than {files[0]}; train on one of them, or name what both have")
    folders = sorted({str(Path(file).parent) for file in files})
    siblings = [str(path) for folder in folders for path in sorted(Path(folder).iterdir()) if path.is_file()]
    siblings += [file for file in named if file not in siblings]
    beside = {
        pattern: tuple(f for f in siblings if f not in files and _called(f, (pattern,))) for pattern in variant.beside
    }
    return Chosen(variant, files, beside, settings)


def check_needs(chosen: Chosen) -> None:
    """Raises EventsMissing for a further file without which the events cannot be read."""
    for pattern, says in chosen.variant.needs.items():
        if not chosen.beside[pattern]:
            name = pattern.rstrip("*")
            raise EventsMissing(f"{chosen.files[0]}: {name} is missing in its folder: it says {says}")


def files_of(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Files that are named, or match a glob; and those in folders that are named. Raises EventsMissing for a path that
    is not there and for a folder without files, EventsError for a pipe."""
    named: dict[str, None] = {}
    found: dict[str, None] = {}
    for path in paths:
        # Of a folder every file, of whatever kind: the format is not asked here.
        files = dict.fromkeys(file for file, _ in find_files([path], format="any"))
        if os.path.isdir(path):
            found |= files
        else:
            named |= files
    return list(named), [file for file in found if file not in named]


def _called(file: str, patterns: Iterable[str]) -> bool:
    name = Path(file).name.lower()
    return any(fnmatch(name, pattern.lower()) for pattern in patterns)


def _nothing(preset: Preset, heads: dict[str, Head], files: Sequence[str], paths: Sequence[str]) -> EventsError:
    if heads:
        return EventsError(_other(preset, next(iter(heads.values()))))
    names = dict.fromkeys(name.rstrip("*") for variant in preset.variants for name in variant.names)
    there = ", ".join(Path(file).name for file in files[:5])
    packed = any(_called(file, ("*.zip", "*.tar*", "*.tgz", "*.7z", "*.rar")) for file in files)
    there += "; unpack the archive first" if packed else ""
    return EventsMissing(f"{paths[0]}: no file of {preset.tool} ({', '.join(names)}); there are {there}")


def _other(preset: Preset, head: Head) -> str:
    return (
        f"{head.file}: not a file of {preset.tool} as --from {preset.name} knows it: it {head.described()}. Leave out "
        "--from and name the columns (--user, --item, --time), or name another preset"
    )
