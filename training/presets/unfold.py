"""A preset becomes the settings it stands for: flags before the file of settings, that before the preset, the preset
before the defaults."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from index.errors import ConfigError, EventsMissing
from index.wording import wrong_settings
from training.config import TrainConfig
from training.presets.choose import Chosen, check_needs, choose
from training.presets.made import Place
from training.presets.preset import Log
from training.presets.tools.table import PRESETS

log = logging.getLogger(__name__)


def unfold(config: TrainConfig, models: Path) -> TrainConfig:
    """The settings with those of `events.preset` under them, and without it; as they are where none is named. So what
    a model records of its log needs no preset to be read again.

    models: the folder of the models, where files are kept that a preset makes of a log. The files and the shape that
    were found are said in the log. Raises EventsError or EventsMissing for files that are not those of the preset,
    ConfigError.
    """
    name = config.events.preset
    if name is None:
        return config
    preset = PRESETS[name]
    if not config.events.paths:
        raise EventsMissing(f"no events given: name the files of {preset.tool}, or their folder, with --events")
    chosen = choose(preset, config.events.paths)
    check_needs(chosen)
    given = config.model_dump(exclude_unset=True)
    events = {key: value for key, value in given.get("events", {}).items() if key not in ("paths", "preset")}
    found = _log(chosen, events)
    below: dict[str, Any] = {**chosen.settings, "paths": chosen.files}
    if events.get("time_format") is not None:
        below.pop("time_unit", None)  # it says the same in other words
    notes = list(chosen.variant.notes)
    asked = [found.item, events.get("items_id")]
    place = Place(models, name, [*found.files, *(f for files in found.beside.values() for f in files)], asked)
    if chosen.variant.joined is not None:
        write = chosen.variant.joined
        log.info("preset=%s making %s of %s", name, chosen.variant.makes, ", ".join(found.files))
        file, made = place.events(chosen.variant.makes, lambda path: write(found, path))
        # What told the shape of the files that were joined says nothing of the new one.
        kept = {key: value for key, value in below.items() if key not in ("header", "delimiter", "quoting")}
        below = {**kept, **made.settings, "paths": (str(file),)}
        notes += made.notes
    if chosen.variant.items is not None and "items" not in events:
        below["items"] = _items(chosen, found, place, events.get("items_id") or found.item)
    _say(name, chosen, below)
    for note in [*notes, *_told(chosen.variant.sections or {}, given)]:
        log.warning("preset=%s %s", name, note)
    sections = {**(chosen.variant.sections or {}), "events": {k: v for k, v in below.items() if v is not None}}
    return _under(given | {"events": events}, sections)


def _log(chosen: Chosen, events: Mapping[str, Any]) -> Log:
    settings = {**chosen.settings, **events}
    return Log(chosen.files, chosen.beside, settings.get("item") or "item_id", settings)


def _items(chosen: Chosen, found: Log, place: Place, column: str) -> str | None:
    assert chosen.variant.items is not None
    file = place.items(chosen.variant.items(found), column)
    return None if file is None else str(file)


def _say(name: str, chosen: Chosen, below: Mapping[str, Any]) -> None:
    """By name, what was found; what was guessed of a log is said wherever it is read."""
    others = [file for files in chosen.beside.values() for file in files]
    columns = ", ".join(f"{key} {below[key]}" for key in ("user", "session", "item", "time") if below.get(key))
    log.warning(
        "preset=%s these are %s: events from %s; beside them %s; %s; columns: %s",
        name,
        chosen.variant.title,
        _names(chosen.files),
        _names(others) or "nothing",
        "with metadata of the items" if below.get("items") else "no metadata of the items",
        columns,
    )


def _told(sections: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> list[str]:
    """What it sets beyond the section events, where that is not given otherwise."""
    return [
        f"sets {section}.{setting} to {value}"
        for section, settings in sections.items()
        for setting, value in settings.items()
        if setting not in given.get(section, {})
    ]


def _names(files: Sequence[str]) -> str:
    return ", ".join(Path(file).name for file in files[:5]) + (" ..." if len(files) > 5 else "")


def _under(given: Mapping[str, Any], sections: Mapping[str, Mapping[str, Any]]) -> TrainConfig:
    """What is given over the sections. Raises ConfigError."""
    merged: dict[str, Any] = dict(given)
    for section, settings in sections.items():
        merged[section] = {**settings, **given.get(section, {})}
    try:
        return TrainConfig.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(wrong_settings(error, TrainConfig)) from None
