"""The quick way of GET /similar/{item_id}: from the bytes of a request to the bytes of the documented route's answer.

It asks the same `answers.similar` and renders with the same `rendering.similar_bytes`. It only ever says 200 and 304:
whatever else there is to say, and whatever is asked for in another way, goes through the routes.
"""

import logging
import time
from typing import Any
from urllib.parse import parse_qsl, unquote

from pydantic import ValidationError

from app import headers
from app.admission.admission import Admission
from app.answers import answers, rendering
from app.answers.question import Ask
from app.http.record import Record
from app.http.replies import matches
from app.live.recall import RecallMeter
from app.live.shelf import Shelf
from app.live.view import View
from app.quick.heads import Heads
from app.schemas.answers import SimilarQuery
from index.errors import RequestError
from index.model import Score

START, END = b"GET /similar/", b" HTTP/1.1"
ROUTE = "/similar/{item_id}"
# In a target with other bytes, httptools and the routes may see another path than we do.
PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:@/"
LONGEST_QUERY = 300  # characters; what is longer is read by the documented route
KEPT_QUERIES = 2000

Headers = list[tuple[bytes, bytes]]

log = logging.getLogger(__name__)


class Quick:
    """For one process; `answer` is called on its event loop."""

    def __init__(self, shelf: Shelf, heads: Heads, admission: Admission, record: Record, recall: RecallMeter) -> None:
        self._shelf = shelf
        self._heads = heads
        self._admission = admission
        self._record = record
        self._recall = recall
        self.off = False  # set where the server is another one than we know
        self._asks: dict[bytes, tuple[Score, Ask] | None] = {}
        self._lines: tuple[View | None, Headers | None, bytes] = (None, None, b"")

    def answer(self, request: bytes, address: str, defaults: Headers) -> bytes | None:
        """The whole answer; None for a request that the documented way answers.

        request: begins with START. defaults: the server's own headers, a new list whenever they change.
        """
        try:
            return self._answer(request, address, defaults)
        except Exception:
            log.exception("quick answer failed; the documented way says why")
            return None

    def _answer(self, request: bytes, address: str, defaults: Headers) -> bytes | None:
        started = time.perf_counter()
        first, _, lines = request.partition(b"\r\n")
        head = self._heads.find(lines)
        if head is None or not first.endswith(END):
            return None
        target = first[len(START) : -len(END)]
        item, mark, query = target.partition(b"?")
        if item.translate(None, PLAIN) or (mark and query.translate(None, PLAIN + b"?")):
            return None
        view = self._shelf.view
        wanted = self._asks[query] if query in self._asks else self._read(query)
        if view.model is None or wanted is None:
            return None
        item_id = item.decode("ascii")
        if "%" in item_id:
            item_id = unquote(item_id)
        score, ask = wanted
        if view.model.vocabulary.find(item_id) is None or view.deleted(item_id):
            return None
        if not view.is_short(ask.filter, score, ask.k, item_id):
            return None
        if self._admission.wait(address, head.key):
            return None
        request_id = head.request_id or self._record.new_id()
        if head.match is not None and matches(view.etag, head.match.decode("latin-1")):
            status = 304
            whole = b"HTTP/1.1 304 Not Modified\r\n%bx-request-id: %b\r\n\r\n" % (
                self._headers(view, defaults),
                request_id.encode("ascii"),
            )
        else:
            status = 200
            body = rendering.similar_bytes(view, item_id, score, answers.similar(view, item_id, score, ask))
            whole = (
                b"HTTP/1.1 200 OK\r\n%bx-request-id: %b\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n%b"
            ) % (self._headers(view, defaults), request_id.encode("ascii"), len(body), body)
            if ask.is_plain and score == "similar":
                self._recall.offer(view, item_id)
        self._record.done(request_id, "GET", ROUTE, status, started)
        return whole

    def _headers(self, view: View, defaults: Headers) -> bytes:
        """Those of every answer of this view, at this second."""
        if self._lines[0] is not view or self._lines[1] is not defaults:
            named = headers.of_answer(view.version, view.etag).items()
            own = [(name.lower().encode(), value.encode()) for name, value in named]
            lines = b"".join([b"%b: %b\r\n" % header for header in (*defaults, *own, *headers.SECURITY)])
            self._lines = view, defaults, lines
        return self._lines[2]

    def _read(self, query: bytes) -> tuple[Score, Ask] | None:
        """k, score and category at most, as the documented route reads them; None for anything else."""
        if len(self._asks) > KEPT_QUERIES:
            self._asks.clear()
        found = self._asks[query] = _read(query)
        return found


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
