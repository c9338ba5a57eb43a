"""A service that runs, spoken to over HTTP: what it takes, and how long it is waited for."""

import gzip
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from index.errors import ConfigError, LoadFailed

log = logging.getLogger(__name__)

PATIENCE = 600.0  # seconds without any answer that helps, after which it is given up
FIRST_PATIENCE = 20.0  # the same, as long as nothing ever answered there: the address may be wrong
LONGEST_WAIT = 60.0  # where the service says how long
LONGEST_GUESS = 4.0  # where it does not: it may be back at any moment
BUSY = (429, 502, 503, 504)
KEY_HELP = "make one with `item2vec keys create --scope write`, and name its file with --key-file"


@dataclass(frozen=True)
class Refused:
    """index: of the row in what was sent. code, detail: of the service, see docs/errors.md."""

    index: int
    code: str
    detail: str


@dataclass(frozen=True)
class Taken:
    """stored: rows that are on disk now. duplicates: that were there before, by their event_id."""

    stored: int
    duplicates: int
    refused: tuple[Refused, ...]


class Service:
    """Waits where the service asks for it (429, 503 with Retry-After) and where it does not answer, and sends again:
    nothing is stored twice, since events have ids and an item replaces what was stored of it.

    patience: seconds after the last answer that helped. sleep: how to wait.
    """

    def __init__(
        self, url: str, key: str | None, patience: float = PATIENCE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            self._client = httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)
        except (httpx.InvalidURL, ValueError) as error:  # a key with a line's end, too
            raise ConfigError(f"the service cannot be asked at {url!r}: {error if not key else 'see --url'}") from None
        host = self._client.base_url.host
        if self._client.base_url.scheme not in ("http", "https") or not host or "%" in host:
            raise ConfigError(f"--url {url!r} is no address of a service: http://127.0.0.1:8000 would be one")
        self._url, self._patience, self._sleep = url, patience, sleep
        self._answered = False

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def events(self, rows: Sequence[Mapping[str, Any]]) -> Taken:
        """Rows as POST /events takes them, 1,000 at most: of more, not every refusal would be told."""
        found = self._send("POST", "/events", rows, lambda part: list(part))
        return _together(found, "accepted")

    def items(self, rows: Sequence[Mapping[str, Any]]) -> Taken:
        """Items as PUT /items takes them."""
        found = self._send("PUT", "/items", rows, lambda part: {"items": list(part)})
        return _together(found, "stored")

    def _send(
        self, method: str, path: str, rows: Sequence[Any], body: Callable[[Sequence[Any]], Any], first: int = 0
    ) -> list[tuple[int, dict[str, Any]]]:
        """(number of the first row, answer) of each part: one that is too large is sent in halves."""
        answer = self._asked(method, path, json.dumps(body(rows)).encode())
        if answer.status_code == 413 and len(rows) > 1:
            half = len(rows) // 2
            return self._send(method, path, rows[:half], body, first) + self._send(
                method, path, rows[half:], body, first + half
            )
        if answer.status_code == 413:  # one row alone
            refusal = {"index": 0, "code": "too_large", "detail": _detail(answer)}
            return [(first, {"rejected": [refusal]})]
        if answer.status_code != 200:
            raise self._failed(answer)
        content = _object(answer)
        if content is None or content.keys().isdisjoint(("accepted", "stored")):
            raise LoadFailed(f"what answers at {self._url} is no service of item2vec: see --url")
        return [(first, content)]

    def _asked(self, method: str, path: str, body: bytes) -> httpx.Response:
        """The answer that is no "later". Raises LoadFailed."""
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        packed = gzip.compress(body, 1)
        patience = self._patience if self._answered else min(self._patience, FIRST_PATIENCE)
        until, wait = time.monotonic() + patience, 0.5
        while True:
            try:
                answer = self._client.request(method, path, content=packed, headers=headers)
            except httpx.TransportError as error:
                # A connection refused or cut: a restart, or a wrong address.
                why, pause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, wait
            else:
                if not self._answered:
                    self._answered, until, patience = True, until + self._patience - patience, self._patience
                if answer.status_code not in BUSY:
                    return answer
                why, pause = f"{answer.status_code} {_detail(answer)}", _retry_after(answer) or wait
            if time.monotonic() + pause > until:
                raise LoadFailed(
                    f"{self._url} took nothing for {patience:g} seconds ({why}). What it had taken is stored; "
                    "the same command goes on, and stores nothing twice"
                )
            log.info("waiting seconds=%.1f why=%s", pause, why)
            self._sleep(pause)
            wait = min(2 * wait, LONGEST_GUESS)

    def _failed(self, answer: httpx.Response) -> LoadFailed:
        said = _detail(answer)
        if answer.status_code in (401, 403):
            return LoadFailed(f"{self._url} refused the key ({said}): it needs one with the scope write; {KEY_HELP}")
        return LoadFailed(
            f"{self._url} answered {answer.status_code} to {answer.request.method} {answer.request.url.path} ({said})"
        )


def _together(answers: Sequence[tuple[int, dict[str, Any]]], stored: str) -> Taken:
    refused = tuple(
        Refused(first + row["index"], row["code"], row["detail"])
        for first, answer in answers
        for row in answer.get("rejected", ())
    )
    return Taken(
        sum(answer.get(stored, 0) for _, answer in answers),
        sum(answer.get("duplicates", 0) for _, answer in answers),
        refused,
    )


def _detail(answer: httpx.Response) -> str:
    """What a problem says, or the beginning of whatever a proxy wrote."""
    content = _object(answer)
    if content is not None and "detail" in content:
        return str(content["detail"])[:300]
    return " ".join(answer.text.split())[:100] or answer.reason_phrase


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _retry_after(answer: httpx.Response) -> float | None:
    try:
        return min(max(float(answer.headers.get("Retry-After", "")), 0.05), LONGEST_WAIT)
    except ValueError:
        return None
