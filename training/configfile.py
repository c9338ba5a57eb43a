"""Settings in files: TOML that people write, TOML that `tune` writes, and those in the manifest of a model."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from index.artifact.directory import Artifact
from index.errors import ArtifactUnsupported, ConfigError
from index.wording import wrong_settings
from training.config import TrainConfig


def write_config(config: TrainConfig, path: Path) -> None:
    """As TOML, all that differs from the defaults; `load_config` reads the same settings back."""
    lines: list[str] = []
    fields = config.model_dump(mode="json", exclude_defaults=True)
    # Top-level values come before the first table; JSON's texts, numbers and lists are TOML's.
    for name, value in sorted(fields.items(), key=lambda pair: isinstance(pair[1], dict)):
        lines += _toml(name, value, ())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(name: str, value: Any, above: tuple[str, ...]) -> list[str]:
    name = name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name)  # part names have dots
    if not isinstance(value, dict):
        return [f"{name} = {json.dumps(value, ensure_ascii=False)}"]
    place = (*above, name)
    inner = sorted(value.items(), key=lambda pair: isinstance(pair[1], dict))
    return [f"\n[{'.'.join(place)}]"] + [line for key, part in inner for line in _toml(key, part, place)]


def load_config(path: Path | None, overrides: Mapping[str, Mapping[str, Any]], **top: Any) -> TrainConfig:
    """Defaults, under the TOML file, under `overrides` (section -> setting -> value; None means not given).

    Raises ConfigError that names the setting.
    """
    tables: dict[str, Any] = {}
    if path is not None:
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"config file {path} does not exist") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"config file {path} cannot be read as TOML: {error}") from error
    for section, settings in overrides.items():
        given = {name: value for name, value in settings.items() if value is not None}
        if given:
            table = tables.setdefault(section, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{path}: {section} must be a table, [{section}]")
            table.update(given)
    tables.update({name: value for name, value in top.items() if value is not None})
    try:
        return TrainConfig.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(wrong_settings(error, TrainConfig)) from None


def config_of(
    artifact: Artifact, events: Mapping[str, Any] | None = None, gate: Mapping[str, Any] | None = None
) -> TrainConfig:
    """The settings that a model was trained with. events, gate: settings of these sections which take the place of its
    own.

    Raises ArtifactUnsupported for a setting that this release does not know, ConfigError for a wrong one that is given.
    """
    recorded = artifact.manifest.config
    try:
        config = TrainConfig.model_validate(recorded)
    except ValidationError as error:
        settings = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
        raise ArtifactUnsupported(
            f"was made by another release of item2vec: this one does not know its {settings}; train again",
            artifact.directory,
        ) from error
    given = {"events": events, "gate": gate}
    if not any(given.values()):
        return config
    sections = {name: value for name, value in recorded.items() if name != "seed"}
    changed = {name: {**recorded.get(name, {}), **values} for name, values in given.items() if values}
    return load_config(None, sections | changed, seed=config.seed)
