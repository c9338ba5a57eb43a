"""What the service needs before its first start, each in a file of its own, so that nobody has to think of a secret.

    first_start.py passwords    those that are not there yet; as root, before anything else starts
    first_start.py keys         the tables, the database's users, and a key in each file that holds none that is valid

Both run at every start and change nothing that is there: a file of your own stays, and so does its content. API and
worker have folders of their own, each with the password of its own user of the database: neither sees the owner's.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

PASSWORDS = ("database_password", "grafana_password", "s3_password")
KEYS = {"admin_key": "admin", "metrics_key": "read"}
OWNER = 10001  # user and group of the images
FOLDER = Path("/run/secrets")
PARTS = {"item2vec_api": Path("/run/secrets-api"), "item2vec_worker": Path("/run/secrets-worker")}  # by user
PASSWORD = "database_password"
GROUP_READS = 0o440
# The owner's is for nobody in the group: Prometheus and Grafana are in it. PostgreSQL's own container reads it as root.
MODES = {PASSWORD: 0o400}


def keep(file: Path, text: str) -> None:
    """Whole or not at all; for the owner and perhaps the group to read."""
    unfinished = file.with_name(f".{file.name}.writing")
    unfinished.unlink(missing_ok=True)
    with open(
        os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODES.get(file.name, GROUP_READS)),
        "w",
        encoding="utf-8",
    ) as out:
        out.write(text)
    unfinished.rename(file)


def passwords(folder: Path, owner: int, group: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in PASSWORDS:
        if not (folder / name).exists():
            keep(folder / name, secrets.token_urlsafe(24))
            print(f"{name}: made")
    # A folder of the host belongs to whoever made it: the images' user has to read it.
    for path in (folder, *(folder / name for name in (*PASSWORDS, *KEYS))):
        if path.exists():
            os.chown(path, owner, group)
            path.chmod(0o750 if path.is_dir() else MODES.get(path.name, GROUP_READS))


def keys(folder: Path, url: str, parts: Mapping[str, Path] = PARTS) -> None:
    """parts: the folder of each user of the database. Raises ConfigError, StoreUnavailable."""
    from store.audit import Actor
    from store.database import connect
    from store.keys import Keyring, create_key
    from store.upkeep.migrate import migrate
    from store.upkeep.rights import grant

    engine = connect(url)
    migrate(engine)
    ring = Keyring(engine)
    ring.refresh()
    for name, scope in KEYS.items():
        file = folder / name
        if not file.exists() or ring.find(file.read_bytes().strip()) is None:
            keep(file, create_key(engine, name.replace("_", " "), [scope], Actor("cli", "first start")))
            print(f"{name}: a new key with the scope {scope} is in {file}")
    if engine.dialect.name == "postgresql":
        grant(engine, {user: own_password(place) for user, place in parts.items()})
        # For who asks the API's container for it.
        copy(folder / "admin_key", parts["item2vec_api"])
    engine.dispose()


def own_password(place: Path) -> str:
    file = place / PASSWORD
    if not file.exists():
        keep(file, secrets.token_urlsafe(24))
        print(f"{file}: made")
    return file.read_text(encoding="utf-8").strip()


def copy(file: Path, place: Path) -> None:
    text, there = file.read_text(encoding="utf-8"), place / file.name
    if not there.exists() or there.read_text(encoding="utf-8") != text:
        keep(there, text)


def main(arguments: list[str]) -> int:
    if arguments == ["passwords"]:
        passwords(FOLDER, OWNER, OWNER)
        return 0
    from app.settings import Settings
    from index.errors import Item2vecError

    try:
        keys(FOLDER, Settings.from_environment().database_url)
    except Item2vecError as error:
        print(f"first start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
