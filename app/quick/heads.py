"""The heads of requests that may be answered quickly: read once, and known again by their bytes.

A client sends the same lines with each of its requests, so that most heads are those of the request before.
"""

from collections.abc import Container
from dataclasses import dataclass

import httptools

from app.admission.head import Head
from store.keys import Key, Keyring

KEPT, LONGEST = 1024, 2048
START = b"GET / HTTP/1.1\r\n"
# Whoever sends one of these wants more than an answer, or has a body to send.
OTHERWISE = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"origin"))


@dataclass(frozen=True, slots=True)
class Known:
    """key: that may read; None where no keys are made. request_id: what the client calls the request. match:
    If-None-Match."""

    key: Key | None
    request_id: str | None
    match: bytes | None


class Heads:
    """Follows the keyring: what is known of a head ends with the keys that it was read with."""

    def __init__(self, keyring: Keyring, hosts: Container[str] | None) -> None:
        """hosts: that requests may be for; None: any."""
        self._keyring = keyring
        self._hosts = hosts
        self._keys: object = None
        self._known: dict[bytes, Known] = {}

    def find(self, lines: bytes) -> Known | None:
        """lines: all after the first, with the empty one at their end. None for all that the documented way answers:
        whoever may not read, sends a body, or speaks in other words than httptools takes at once."""
        if self._keys is not self._keyring.state:
            self._known, self._keys = {}, self._keyring.state
        found = self._known.get(lines)
        if found is None and len(lines) <= LONGEST:
            found = self._read(lines)
            if found is not None and found.request_id is None:
                if len(self._known) >= KEPT:
                    self._known.clear()
                self._known[lines] = found
        return found

    def _read(self, lines: bytes) -> Known | None:
        headers = _headers_of(lines)
        if headers is None:
            return None
        for name, value in headers:
            if name in OTHERWISE or (name == b"connection" and value.lower() != b"keep-alive"):
                return None
        head = Head.of(headers)
        if not head.names_host() or not head.is_for(self._hosts):
            return None
        key = None
        if self._keyring.configured:
            key = self._keyring.find(head.token) if head.token is not None else None
            if key is None or not key.may("read"):
                return None
        return Known(key, head.request_id, head.match)


class _Message:
    """One request, as httptools reads it."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.begun = self.ended = 0

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self.ended += 1


def _headers_of(lines: bytes) -> list[tuple[bytes, bytes]] | None:
    """None where they are not the head of exactly one request."""
    message = _Message()
    try:
        httptools.HttpRequestParser(message).feed_data(START + lines)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    return message.headers if message.begun == message.ended == 1 else None
