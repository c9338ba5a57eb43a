"""The quick way of GET /similar/{item_id}: the bytes of the documented route, without the framework.

It asks the same `answers.similar` and renders with the same `rendering.similar_bytes`, keeps what it rendered, makes
the answers of the most popular items before anybody asks, and writes them past uvicorn's ASGI. Nothing else depends on
it: without this file, its four calls in `edge`, `refresher` and `main`, and the setting cache_mb, all is answered by
the routes.
"""

import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app import headers
from app.http.admission import check_scope
from app.http.answer import Answer
from app.http.asgi import Scope, Send
from app.http.replies import matches
from app.live import answers, rendering
from app.live.answers import Ask
from app.live.recall import RecallMeter
from app.live.view import View
from app.schemas.answers import SimilarQuery
from index.errors import ItemUnknown, RequestError
from index.model import Score
from store.keys import Key, Keyring

PATH = "/similar/"
ROUTE = "/similar/{item_id}"
LINES = {200: b"HTTP/1.1 200 OK\r\n", 304: b"HTTP/1.1 304 Not Modified\r\n"}
JSON = b"content-type: application/json\r\ncontent-length: %d\r\n"
LONGEST_QUERY = 300  # characters; what is longer is read by the documented route
KEPT_QUERIES = 2000
ENTRY_BYTES = 300  # of a dict entry, its key and the objects around them
PLAIN = Ask()
SETTLED_SECONDS = 3.0  # a catalogue that changes all the time is not worth preparing answers for
BATCH, PAUSE = 10, 0.003  # a fifth of the time at most, so that requests hardly notice


class Prepared:
    """The answers of one view as they went out, and their headers; they end with the view, so they are never stale.

    The oldest go when they hold more than `most` bytes.
    """

    def __init__(self, view: View, most: int) -> None:
        self.view = view
        self.since = time.monotonic()
        self.filled = False
        named = headers.of_answer(view.version, view.etag).items()
        self.headers = [*((name.lower().encode(), value.encode()) for name, value in named), *headers.SECURITY]
        self.head = b"".join([b"%b: %b\r\n" % header for header in self.headers])
        self._bodies: dict[tuple[str, bytes], bytes] = {}
        self._room = most
        self.get = self._bodies.get

    def has_room(self, body: bytes) -> bool:
        return self._room >= len(body) + ENTRY_BYTES

    def put(self, asked: tuple[str, bytes], body: bytes) -> None:
        self._room -= len(body) + ENTRY_BYTES
        self._bodies[asked] = body
        while self._room < 0 and self._bodies:
            self._room += len(self._bodies.pop(next(iter(self._bodies)))) + ENTRY_BYTES


class Quick:
    """cache_bytes: for the answers of one view. recall: gets a sample of them."""

    def __init__(self, keyring: Keyring, recall: RecallMeter, cache_bytes: int) -> None:
        self._keyring = keyring
        self._recall = recall
        self._most = cache_bytes
        self._lock = threading.Lock()
        self._prepared = Prepared(View(None, {}, 0), 0)
        self._asks: dict[bytes, tuple[Score, Ask] | None] = {}

    def of(self, view: View) -> Prepared:
        """The answers of this view: those there are, or none yet."""
        with self._lock:
            if self._prepared.view is not view:
                self._prepared = Prepared(view, self._most)
            return self._prepared

    def body(self, view: View, scope: Scope, key: Key | None) -> bytes | None:
        """None for all that the documented route answers: errors, items without a vector, filters but that of a
        category that was asked for before, and small enough to be scanned at once. Raises KeyMissing, KeyForbidden."""
        path: str = scope["path"]
        if scope["method"] != "GET" or not path.startswith(PATH) or view.model is None:
            return None
        check_scope(self._keyring, key, "read")
        prepared = self._prepared
        if prepared.view is not view:
            prepared = self.of(view)
        asked = item_id, query = path[len(PATH) :], scope["query_string"]
        body = prepared.get(asked)
        if body is None:
            wanted = self._asks[query] if query in self._asks else self._read(query)
            if wanted is None or item_id not in view.model.vocabulary:
                return None
            score, ask = wanted
            if ask.k > view.model.stored[score].rows.shape[1] or not view.is_prepared(ask.filter, score):
                return None
            try:
                found = answers.similar(view, item_id, score, ask)
            except ItemUnknown:  # deleted since the model was trained
                return None
            body = rendering.similar_bytes(view, item_id, score, found)
            prepared.put(asked, body)
        self._recall.offer(view, item_id, query)
        return body

    def _read(self, query: bytes) -> tuple[Score, Ask] | None:
        """k, score and category at most, as the documented route reads them; None for anything else."""
        if len(self._asks) > KEPT_QUERIES:
            self._asks.clear()
        found = self._asks[query] = _read(query)
        return found

    def send(self, answer: Answer, view: View, match: bytes | None, body: bytes) -> Awaitable[None]:
        """The body with its headers, or 304 where `match` (If-None-Match) names it."""
        prepared = self._prepared
        if prepared.view is not view:
            prepared = self.of(view)
        answer.route, request_id = ROUTE, answer.request_id.encode()
        if match is not None and matches(view, match.decode("latin-1")):
            answer.status, sized, body = 304, b"", b""
        else:
            answer.status, sized = 200, JSON % len(body)
        cycle = _cycle_of(answer.send)
        if cycle is not None:
            head = b"%b%bx-request-id: %b\r\n%b" % (LINES[answer.status], prepared.head, request_id, sized)
            return _write(cycle, head, body)
        own = [*prepared.headers, (b"x-request-id", request_id)]
        if sized:
            own += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        return _send(answer, own, body)

    def fill(self, view: View, is_current: Callable[[], bool]) -> int:
        """Renders `GET /similar/{item_id}` of the most popular items until there is no more room; how many it made.

        Not before the view is a few seconds old; stops when it is no longer the one that serves.
        """
        made = 0
        prepared = self.of(view)
        if view.model is None or prepared.filled or time.monotonic() - prepared.since < SETTLED_SECONDS:
            return made
        for item_id in view.model.vocabulary.ids:  # by frequency
            if not view.visible(item_id) or prepared.get((item_id, b"")) is not None:
                continue
            found = answers.similar(view, item_id, "similar", PLAIN)
            body = rendering.similar_bytes(view, item_id, "similar", found)
            if not prepared.has_room(body):
                break
            prepared.put((item_id, b""), body)
            made += 1
            if made % BATCH == 0:
                if not is_current():
                    return made
                time.sleep(PAUSE)
        prepared.filled = True
        return made


def _read(query: bytes) -> tuple[Score, Ask] | None:
    if len(query) >= LONGEST_QUERY:
        return None
    given: dict[str, Any] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name == "category":
            given.setdefault(name, []).append(value)
        elif name in given or name not in ("k", "score"):
            return None
        else:
            given[name] = value
    try:
        wanted = SimilarQuery.model_validate(given)
        return wanted.score, wanted.ask()
    except (ValidationError, RequestError):
        return None


def _cycle_of(send: Send) -> RequestResponseCycle | None:
    """The cycle behind an ASGI `send`, where uvicorn's httptools protocol made it and nothing stands between."""
    found = getattr(send, "__self__", None)
    return found if type(found) is RequestResponseCycle else None


async def _send(answer: Answer, own: list[tuple[bytes, bytes]], body: bytes) -> None:
    await answer.send({"type": "http.response.start", "status": answer.status, "headers": own})
    await answer.send({"type": "http.response.body", "body": body})


async def _write(cycle: RequestResponseCycle, head: bytes, body: bytes) -> None:
    """Writes an answer whose head (status line and headers, each line ended) is our own.

    Does what two calls of `cycle.send` do, less the look at every header and the second write, which together take as
    long as finding and rendering ten neighbours.
    """
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    close = b"" if cycle.keep_alive else b"connection: close\r\n"
    defaults = b"".join([b"%b: %b\r\n" % header for header in cycle.default_headers])
    cycle.transport.write(b"".join((head, defaults, close, b"\r\n", body)))
    cycle.message_event.set()
    if close:
        cycle.transport.close()
    cycle.on_response()
