"""The command that puts a backup back: all of it is checked before anything is touched."""

import argparse
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import Command, Parser
from cli.serve import add_database, settings_of
from index.errors import BackupFailed, BackupInvalid, ConfigError, StoreUnavailable
from index.visible import say

if TYPE_CHECKING:
    from cli.stored.archive import Archive

log = logging.getLogger(__name__)

STAGING, READY = ".restoring", "ready"


def flags(parser: Parser) -> None:
    add_database(parser)
    parser.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="FOLDER", help="as `item2vec backup` has made it"
    )
    parser.add_argument(
        "--force", action="store_true", help="in place of what is there, which is kept under another name"
    )


def run(options: argparse.Namespace) -> int:
    from cli.stored.who import local_actor
    from store.audit import Action, record
    from store.database import connect
    from store.upkeep.copy import file_of
    from store.upkeep.migrate import migrate

    settings, archive = settings_of(options), check(options.source)
    engine = connect(settings.database_url)
    try:
        kept = restore(archive, options.source, settings.models, file_of(engine), options.force)
        migrate(engine)
        record(engine, local_actor(), Action.RESTORE, archive.current, made=archive.made)
    finally:
        engine.dispose()
    say(f"restored what was backed up at {archive.made}: model {archive.current or 'none'}")
    for path in kept:
        print(f"what was there before is in {path}: remove it when it is not needed")
    return 0


def check(source: Path) -> "Archive":
    """The backup, once all of it was read and found as it was made. Raises BackupInvalid for one that is damaged, or
    that a newer release has made."""
    from cli.stored.archive import DATABASE, Archive
    from store.upkeep.copy import examined
    from store.upkeep.migrate import HEAD

    archive = Archive.read(source)
    archive.verify(source)
    try:
        tables = examined(source / DATABASE)
    except StoreUnavailable as error:
        raise BackupInvalid(str(error)) from error
    if tables > HEAD:
        raise BackupInvalid(f"was made by a newer item2vec ({archive.item2vec}): restore with that one", source)
    return archive


def restore(archive: "Archive", source: Path, models: Path, file: Path, force: bool) -> list[Path]:
    """What was moved out of the way. Killed anywhere, the same call goes on where it was. file: of the database.

    Raises ConfigError where something is in the way or in use: then nothing has changed; BackupInvalid for a backup
    that changes while it is read; BackupFailed, for no space.
    """
    from cli.stored.archive import MANIFEST, MODELS
    from index.artifact.files import make_directory, os_errors_as, remove_tree, replace_file, sync_directory

    staging, database = models / STAGING, file.with_name(f".{file.name}{STAGING}")
    seal = (source / MANIFEST).read_bytes()
    ready = staging / READY
    resumes = ready.exists() and ready.read_bytes() == seal
    places = [(database, file), *((staging / name, models / name) for name in ("versions", "current.json"))]
    if not resumes:
        _refuse_what_is_in_the_way([place for _, place in places], force)
    _refuse_what_runs(models, file)
    with os_errors_as(BackupFailed, "cannot be restored", models):
        if not resumes:
            remove_tree(staging)
            database.unlink(missing_ok=True)
            make_directory(staging)
            make_directory(file.parent)
            _stage(archive, source, MODELS, staging, database)
            replace_file(ready, seal)
        # From here on only names change. current.json comes last: until then no model serves.
        stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        kept = []
        for staged, place in places:
            if staged.exists():
                if place.exists():
                    kept.append(place.with_name(f"{place.name}.replaced-{stamp}"))
                    os.rename(place, kept[-1])
                if place == file:
                    # A log that outlived its database would be played into the new one.
                    for end in ("-wal", "-shm"):
                        file.with_name(f"{file.name}{end}").unlink(missing_ok=True)
                os.rename(staged, place)
                sync_directory(place.parent)
        if not archive.current and (models / "current.json").exists() and not resumes:
            kept.append(models / f"current.json.replaced-{stamp}")
            os.rename(models / "current.json", kept[-1])
        remove_tree(staging)
    return kept


def _refuse_what_is_in_the_way(places: list[Path], force: bool) -> None:
    there = [str(place) for place in places if place.exists() and not (place.is_dir() and not any(place.iterdir()))]
    if there and not force:
        raise ConfigError(f"{', '.join(there)} would be replaced: give another place, or --force")


def _refuse_what_runs(models: Path, file: Path) -> None:
    from index.artifact.files import is_locked
    from store.upkeep.copy import close_alone

    for lock in sorted((models / "runs").glob(".worker-*.lock")):
        if is_locked(lock):
            raise ConfigError(f"a worker runs on {models}: stop the service first")
    if file.exists():
        close_alone(file)


def _stage(archive: "Archive", source: Path, models: str, staging: Path, database: Path) -> None:
    """Copies of all files, each compared once more as it is read."""
    from cli.stored.archive import DATABASE, copy_file
    from index.artifact.files import sync_directory

    (staging / "versions").mkdir()
    for name, wanted in archive.files.items():
        to = database if name == DATABASE else staging / Path(name).relative_to(models)
        to.parent.mkdir(parents=True, exist_ok=True)
        if copy_file(source / name, to, 0o600 if name == DATABASE else 0o644) != wanted:
            raise BackupInvalid("changed while it was read", source / name)
    for folder in (staging, *(path for path in staging.rglob("*") if path.is_dir())):
        sync_directory(folder)


RESTORE = Command("restore", "put back what `item2vec backup` has copied", flags, run)
