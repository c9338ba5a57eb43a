"""Who may come in, and how often: keys, their scopes, and rates by key and by address."""

from app.admission.limits import Rate
from app.asgi import Scope
from app.problems import KeyForbidden, KeyMissing, RateExceeded
from app.settings import Settings
from store.keys import Key, Keyring

OPEN = {"/healthz", "/readyz"}
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Admission:
    """Asked before any body is read."""

    def __init__(self, keyring: Keyring, settings: Settings) -> None:
        self._keyring = keyring
        self._by_key = Rate(settings.rate_per_key / settings.workers)
        self._by_address = Rate(settings.rate_per_address / settings.workers)

    def wait(self, address: str, key: Key | None) -> float:
        """Seconds until this client may ask; 0: now, and it is counted."""
        wait = self._by_address.take(address)
        return wait or (0.0 if key is None else self._by_key.take(key.key_id))

    def admit(self, scope: Scope, token: bytes | None) -> Key | None:
        """The key; None where there is none. Raises RateExceeded, and KeyMissing for a key that is not valid."""
        if scope["path"] in OPEN:
            return None
        key = None
        wait = self._by_address.take((scope.get("client") or ("",))[0])
        if not wait and token is not None and self._keyring.configured:
            key = self._keyring.find(token)
            if key is None:
                raise KeyMissing("the key is not valid", headers=CHALLENGE)
            wait = self._by_key.take(key.key_id)
        if wait:
            raise RateExceeded("too many requests", headers={"Retry-After": str(max(1, round(wait + 0.5)))})
        return key

    def charge(self, address: str, key: Key | None, requests: float) -> None:
        """A request that was let in costs as much as so many others besides: they count in the rates too."""
        self._by_address.charge(address, requests)
        if key is not None:
            self._by_key.charge(key.key_id, requests)


def check_scope(keyring: Keyring, key: Key | None, scope: str) -> None:
    """admin includes write, write includes read. Raises KeyMissing, KeyForbidden; nothing where no keys are made."""
    if not keyring.configured:
        return
    if key is None:
        raise KeyMissing("this route needs a key: Authorization: Bearer KEY", headers=CHALLENGE)
    if not key.may(scope):
        raise KeyForbidden(f"this key does not have the scope {scope}")
