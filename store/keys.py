"""API keys: made once, stored as a hash, looked up in memory."""

import hmac
import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import insert, select, update

from index.errors import ConfigError, StoreUnavailable
from store.audit import SOMEBODY, Action, Actor, note
from store.database import Database, now, transaction
from store.event import storable
from store.tables import keys

log = logging.getLogger(__name__)

# scope -> the scopes that allow it.
GRANTED_BY = {
    "read": frozenset(("read", "write", "admin")),
    "write": frozenset(("write", "admin")),
    "admin": frozenset(("admin",)),
}
PREFIX = "i2v_"
ID_CHARACTERS = 8
SECRET_CHARACTERS = 43  # 256 random bits in base64
ID = slice(len(PREFIX), len(PREFIX) + ID_CHARACTERS)
SECRET = slice(ID.stop + 1, None)
TOKEN_BYTES = SECRET.start + SECRET_CHARACTERS
MAX_NAME_CHARACTERS = 200


@dataclass(frozen=True)
class Key:
    """Who asks, and what they may do."""

    key_id: str
    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """admin includes write, write includes read. An unknown scope is nobody's."""
        return not self.scopes.isdisjoint(GRANTED_BY.get(scope, ()))


@dataclass(frozen=True)
class StoredKey(Key):
    """As the table has it, without its hash. created, revoked: microseconds since 1970 UTC."""

    created: int
    revoked: int | None


def create_key(database: Database, name: str, scopes: Iterable[str], by: Actor = SOMEBODY) -> str:
    """The token, which nobody can read again. by: for the audit, as everywhere. Raises ConfigError for a blank name or
    an unknown scope."""
    wanted = sorted(set(scopes), key=list(GRANTED_BY).index) if set(scopes := list(scopes)) <= GRANTED_BY.keys() else []
    if not wanted:
        raise ConfigError(f"a key needs one or more of the scopes {', '.join(GRANTED_BY)}, not {scopes}")
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not storable(name):
        raise ConfigError(f"a key needs a name of 1 to {MAX_NAME_CHARACTERS} characters, to be told from others")
    key_id, secret = secrets.token_hex(ID_CHARACTERS // 2), secrets.token_urlsafe(32)
    digest = sha256(secret.encode()).hexdigest()
    row = {"key_id": key_id, "name": name, "secret_hash": digest, "scopes": ",".join(wanted), "created": now()}
    with transaction(database) as connection:
        connection.execute(insert(keys).values(**row))
        note(connection, by, Action.KEY_CREATE, key_id, name=name, scopes=row["scopes"])
    log.info("key created key_id=%s scopes=%s", key_id, row["scopes"])
    return f"{PREFIX}{key_id}_{secret}"


def revoke_key(database: Database, key_id: str, by: Actor = SOMEBODY) -> None:
    """The key is of no use from the next refresh of each process on; again does nothing.

    Raises ConfigError when no key has this id.
    """
    with transaction(database) as connection:
        stored = connection.execute(select(keys.c.revoked).where(keys.c.key_id == key_id)).first()
        if stored is None:
            raise ConfigError(f"no key has the id {key_id!r}: list the keys to see their ids")
        if stored.revoked is None:
            connection.execute(update(keys).where(keys.c.key_id == key_id).values(revoked=now()))
            note(connection, by, Action.KEY_REVOKE, key_id)
    log.info("key revoked key_id=%s", key_id)


def list_keys(database: Database) -> list[StoredKey]:
    """Every key there ever was, oldest first."""
    with transaction(database, reading=True) as connection:
        rows = connection.execute(select(keys).order_by(keys.c.created, keys.c.key_id)).all()
    return [StoredKey(row.key_id, row.name, _scopes(row.scopes), row.created, row.revoked) for row in rows]


def _scopes(text: str) -> frozenset[str]:
    return frozenset(text.split(","))


class Keyring:
    """The keys in memory, for every request. Until the first `refresh` it is closed: configured, and no key fits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen = False
        # One reference, replaced whole: requests in other threads see the old keys or the new.
        self._keys: dict[bytes, tuple[bytes, Key]] = {}
        self.configured = True
        self.read = False  # whether the table has been read
        self.state = object()  # another one whenever the keys are others
        # What an unknown id is compared with, so that it takes as long as a wrong secret.
        self._nobody = (secrets.token_bytes(32), None)

    def find(self, token: bytes) -> Key | None:
        """The key this token belongs to; None where it was never made, or revoked. About 1 us, in memory."""
        if len(token) != TOKEN_BYTES:
            return None
        digest, key = self._keys.get(token[ID], self._nobody)
        same = hmac.compare_digest(sha256(token[SECRET]).digest(), digest)
        return key if same and token.startswith(b"i2v_") and token[ID.stop] == 0x5F else None

    def holds(self, key: Key) -> bool:
        """Whether the key is still one of them, as it is."""
        return self._keys.get(key.key_id.encode(), self._nobody)[1] == key

    def refresh(self) -> None:
        """Reads the table. When the database does not answer, the keys stay as they are.

        Keys in the table, revoked or not, make the service closed, and it stays so: revoking the last key, or
        emptying the table under a running process, opens nothing.
        """
        try:
            with transaction(self._database, reading=True) as connection:
                rows = connection.execute(select(keys)).all()
        except StoreUnavailable:
            return
        self.read = True
        self._seen = self._seen or bool(rows)
        found = {
            row.key_id.encode(): (bytes.fromhex(row.secret_hash), Key(row.key_id, row.name, _scopes(row.scopes)))
            for row in rows
            if row.revoked is None
        }
        if (found, self._seen) != (self._keys, self.configured):
            self._keys, self.configured = found, self._seen
            self.state = object()
