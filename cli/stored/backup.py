"""The command that copies a whole service with SQLite into a folder, while it serves."""

import argparse
import json
import logging
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import Command, Parser
from cli.serve import add_database, settings_of
from index.visible import say

if TYPE_CHECKING:
    from cli.stored.archive import Archive
    from store.database import Database

log = logging.getLogger(__name__)

ATTEMPTS = 3  # a version may be pruned while it is copied


def flags(parser: Parser) -> None:
    add_database(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a folder that is not there yet")


def run(options: argparse.Namespace) -> int:
    from store.database import connect

    settings = settings_of(options)
    engine = connect(settings.database_url)
    try:
        made = backup(engine, settings.models, options.to)
    finally:
        engine.dispose()
    size = sum(size for size, _ in made.files.values())
    say(f"{options.to}: {len(made.files)} files, {size / 1e6:.1f} MB, model {made.current or 'none'}")
    return 0


def backup(database: "Database", models: Path, to: Path) -> "Archive":
    """What was committed before this began is in it. Written beside its place and renamed: there is a whole backup or
    none. Files are for their owner only: the hashes of the keys are in the database.

    Raises ConfigError for a place that is taken and for a database that is not SQLite, BackupFailed, StoreUnavailable.
    """
    from cli.stored.archive import DATABASE, MANIFEST, MODELS, Archive
    from index.artifact.files import digest, os_errors_as, remove_tree, sync_directory, write_file
    from index.errors import BackupFailed, ConfigError
    from store.upkeep import copy

    copy.file_of(database)
    if to.exists() or to.is_symlink():
        raise ConfigError(f"--to {to} is there already: a backup overwrites nothing")
    made = datetime.now(UTC).isoformat()
    unfinished = to.parent / f".{to.name}.{secrets.token_hex(4)}.writing"
    try:
        with os_errors_as(BackupFailed, "cannot be written", to):
            to.parent.mkdir(parents=True, exist_ok=True)
            unfinished.mkdir(mode=0o700)
            # The database last: it is the part that changes all the time. Models may be older than it, never newer, so
            # no event that a model has seen is missing.
            current, files = _models(models, unfinished / MODELS)
            tables = copy.copy(database, unfinished / DATABASE)
            files = {f"{MODELS}/{name}": found for name, found in files.items()}
            files[DATABASE] = digest(unfinished / DATABASE)
            archive = Archive(made, _version(), tables, current, files)
            write_file(unfinished / MANIFEST, archive.to_json())
            (unfinished / MANIFEST).chmod(0o600)
            for folder in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
                sync_directory(folder)
            if to.exists():
                raise ConfigError(f"--to {to} is there by now: a backup overwrites nothing")
            os.rename(unfinished, to)
            sync_directory(to.parent)
    finally:
        remove_tree(unfinished)
    return archive


def _models(models: Path, to: Path) -> tuple[str | None, dict[str, tuple[int, str]]]:
    """(the version that serves, file -> bytes and checksum). Raises BackupFailed."""
    from index.artifact.files import remove_tree
    from index.errors import ArtifactError, BackupFailed, RegistryError

    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _copied(models, to)
        except (FileNotFoundError, RegistryError, ArtifactError) as error:
            # Somebody has activated and pruned meanwhile: what served a moment ago is gone.
            if attempt == ATTEMPTS:
                raise BackupFailed(f"the models cannot be copied: {error}") from error
            log.info("models copied again attempt=%d reason=%s", attempt + 1, error)
            remove_tree(to)
    raise AssertionError("unreachable")


def _copied(models: Path, to: Path) -> tuple[str | None, dict[str, tuple[int, str]]]:
    """current.json first: what it names is there already. Another version that is pruned meanwhile, or is damaged, is
    left out; the one that serves has to be whole."""
    from cli.stored.archive import copy_file
    from index.artifact.files import remove_tree
    from index.artifact.registry import Registry
    from index.errors import ArtifactError, RegistryError

    files: dict[str, tuple[int, str]] = {}
    (to / "versions").mkdir(mode=0o700, parents=True)
    to.chmod(0o700)
    current, source, copied = None, models / "current.json", Registry(to)
    if source.exists():
        files["current.json"] = copy_file(source, to / "current.json", 0o600)
        current = json.loads((to / "current.json").read_bytes())["version"]
    for version in reversed(Registry(models).versions()):
        place = Path("versions") / version
        found = {}
        try:
            (to / place).mkdir(mode=0o700)
            for path in sorted((models / place).iterdir()):
                if path.is_file() and not path.name.startswith("."):
                    found[f"{place}/{path.name}"] = copy_file(path, to / place / path.name, 0o600)
            copied.open(version)
        except (FileNotFoundError, ArtifactError, RegistryError) as error:
            if version == current:
                raise
            log.warning("version left out version=%s error=%s", version, error)
            remove_tree(to / place)
            continue
        files |= found
    if current is not None and f"versions/{current}/manifest.json" not in files:
        raise RegistryError(f"has no version {current}", models)
    return current, files


def _version() -> str:
    from importlib.metadata import version

    return version("item2vec")


BACKUP = Command("backup", "copy models and database (SQLite) into a folder, while they serve", flags, run)
