"""Settings as flags: one per setting, described by the setting itself, so that no list has to follow another."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from training.config import TrainConfig, load_config

FLAG_NAMES = {"paths": "events"}  # settings whose flag reads better under another name


def add_settings(parser: argparse.ArgumentParser, sections: Sequence[str]) -> None:
    """One flag per setting, described by the setting itself; `load_config` puts flags over file over defaults."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as TOML; flags go before them")
    parser.add_argument("--seed", type=int, help="seed of everything random (default 1)")
    for section in sections:
        model = TrainConfig.model_fields[section].annotation
        assert model is not None
        group = parser.add_argument_group(f"{section}: {(model.__doc__ or '').strip().splitlines()[0].rstrip('.')}")
        for flag, place, field in flags_of(model, (section,)):
            add_flag(group, flag, place, field)


def flags_of(model: Any, place: tuple[str, ...]) -> list[tuple[str, tuple[str, ...], Any]]:
    """(flag, path of the setting, field) of every setting below a section."""
    found = []
    for name, field in model.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            found += [(f"{name}-{flag}", path, f) for flag, path, f in flags_of(field.annotation, (*place, name))]
        else:
            found.append((FLAG_NAMES.get(name, name).replace("_", "-"), (*place, name), field))
    return found


def add_flag(group: Any, flag: str, place: tuple[str, ...], field: Any) -> None:
    kinds = [k for k in get_args(field.annotation) if k is not type(None)] or [field.annotation]
    default = field.default
    shown = "" if default in (None, (), True, False) else f" (default {default})"
    options: dict[str, Any] = {"dest": ".".join(place), "default": None, "help": (field.description or "") + shown}
    options["help"] = options["help"].replace("%", "%%")
    if field.annotation is bool:
        options["action"] = argparse.BooleanOptionalAction
        options["help"] += f" (default {'yes' if default else 'no'})"
    elif get_origin(field.annotation) is tuple:
        options |= {"nargs": "+", "action": "extend", "metavar": flag.upper().replace("-", "_")}
    elif kinds and isinstance(kinds[0], str):
        options |= {"choices": kinds}
    else:
        # Text: pydantic turns it into the setting's type and says what is wrong with it, for files and flags alike.
        options["metavar"] = {int: "N", float: "X"}.get(kinds[0], "NAME")
    group.add_argument(f"--{flag}", **options)


def config_of(options: argparse.Namespace) -> Any:
    overrides: dict[str, Any] = {}
    for dest, value in vars(options).items():
        if "." in dest and value is not None:
            *path, name = dest.split(".")
            table = overrides
            for part in path:
                table = table.setdefault(part, {})
            table[name] = tuple(value) if isinstance(value, list) else value
    return load_config(options.config, overrides, seed=options.seed)
