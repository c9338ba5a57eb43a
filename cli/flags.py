"""Settings as flags: one per setting, described by the setting itself, so that no list has to follow another."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from cli.command import Parser

if TYPE_CHECKING:
    from training.config import TrainConfig

SECTIONS = (
    "events",
    "sessions",
    "objective",
    "types",
    "trainer",
    "index",
    "recommender",
    "cold",
    "evaluation",
    "update",
    "gate",
)
# What the first help shows; all the others are behind --help-settings.
FIRST = ("events.paths", "events.preset", "events.items", "events.user", "events.item", "events.time", "events.session")
# Settings whose flag reads better under another name.
FLAG_NAMES = {"paths": "events", "preset": "from", "share": "update-share", "days": "update-days"}
# The same for a section, whose names are those of another one.
SECTION_FLAGS = {
    "types": {
        "item": "item-types",
        "user": "user-types",
        "quantiles": "type-quantiles",
        "dims": "type-dims",
        "conversions": "type-conversions",
    },
    "cold": {"method": "cold-method", "features": "cold-features"},
}


class HelpSettings(argparse.Action):
    """Prints all settings, or those of a section, and ends."""

    def __init__(self, option_strings: Sequence[str], dest: str, const: Sequence[str], **more: Any) -> None:
        super().__init__(option_strings, dest, nargs="?", const=const, choices=const, metavar="SECTION", **more)

    def __call__(self, parser: argparse.ArgumentParser, _: object, asked: Any, flag: str | None = None) -> None:
        page = Parser(usage=argparse.SUPPRESS, add_help=False)
        add_groups(page, [asked] if isinstance(asked, str) else asked)
        page.print_help()
        parser.exit()


def add_settings(parser: argparse.ArgumentParser, sections: Sequence[str] = SECTIONS) -> None:
    """One flag per setting; `load_config` puts flags over file over defaults."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings as TOML; a flag overrides its setting there"
    )
    parser.add_argument("--seed", type=int, help="seed of everything random (default 1)")
    parser.add_argument(
        "--help-settings",
        action=HelpSettings,
        const=sections,
        help=f"all settings as flags, and end; or those of a section: {', '.join(sections)}",
    )
    add_groups(parser, sections, FIRST)


def add_groups(parser: argparse.ArgumentParser, sections: Sequence[str], shown: Sequence[str] | None = None) -> None:
    """A group of flags per section. shown: the settings that appear in the help; None: all."""
    from training.config import TrainConfig

    for section in sections:
        model = TrainConfig.model_fields[section].annotation
        assert model is not None
        group = parser.add_argument_group(f"{section}: {(model.__doc__ or '').strip().splitlines()[0].rstrip('.')}")
        for flag, place, field in flags_of(model, (section,)):
            add_flag(group, flag, place, field, hidden=shown is not None and ".".join(place) not in shown)


def flags_of(model: Any, place: tuple[str, ...]) -> list[tuple[str, tuple[str, ...], Any]]:
    """(flag, path of the setting, field) of every setting below a section."""
    found = []
    for name, field in model.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            found += [(f"{name}-{flag}", path, f) for flag, path, f in flags_of(field.annotation, (*place, name))]
        elif get_origin(field.annotation) is not dict:  # tables are for the file
            flag = SECTION_FLAGS.get(place[0], FLAG_NAMES).get(name, name)
            found.append((flag.replace("_", "-"), (*place, name), field))
    return found


def add_flag(group: Any, flag: str, place: tuple[str, ...], field: Any, hidden: bool = False) -> None:
    kinds = [k for k in get_args(field.annotation) if k is not type(None)] or [field.annotation]
    default = field.default
    shown = "" if default in (None, (), True, False) else f" (default {default})"
    options: dict[str, Any] = {"dest": ".".join(place), "default": None, "help": (field.description or "") + shown}
    options["help"] = options["help"].replace("%", "%%")
    if field.annotation is bool or bool in kinds:
        options["action"] = argparse.BooleanOptionalAction
        if isinstance(default, bool):
            options["help"] += f" (default {'yes' if default else 'no'})"
    elif get_origin(field.annotation) is tuple:
        options |= {"nargs": "+", "action": "extend", "metavar": flag.upper().replace("-", "_")}
    elif kinds and isinstance(kinds[0], str):
        options |= {"choices": kinds}
    else:
        # Text: pydantic turns it into the setting's type and says what is wrong with it, for files and flags alike.
        options["metavar"] = {int: "N", float: "X"}.get(kinds[0], "NAME")
    if hidden:
        options["help"] = argparse.SUPPRESS
    group.add_argument(f"--{flag}", **options)


def config_of(options: argparse.Namespace) -> "TrainConfig":
    """Flags over file over preset over defaults."""
    from training.configfile import load_config
    from training.presets.unfold import unfold

    return unfold(load_config(options.config, overrides_of(options), seed=options.seed), options.models)


def overrides_of(options: argparse.Namespace) -> dict[str, Any]:
    """Section -> setting -> value, of the flags that were given."""
    overrides: dict[str, Any] = {}
    for dest, value in vars(options).items():
        if "." in dest and value is not None:
            *path, name = dest.split(".")
            table = overrides
            for part in path:
                table = table.setdefault(part, {})
            table[name] = tuple(value) if isinstance(value, list) else value
    return overrides
