"""Rows and scores -> the reply's bytes. Both ways into the service, quick and documented, end here, so that they give
the same bytes. Rendering is by hand because it is most of a request.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from app.answers.question import Found, model_of
from app.live.view import View
from index.model import Score
from index.why.evidence import PairEvidence

dumps = partial(json.dumps, separators=(",", ":"))


def similar_bytes(
    view: View, item_id: str, score: Score, found: Found, anchor: str | None = None, ignored: Sequence[str] = ()
) -> bytes:
    """The reply of GET /similar. anchor: the item whose evidence each result gets; None: none. ignored: told where
    there are any."""
    head = f'{{"item_id":{quoted(item_id)},"model_version":"{view.version}","score":"{score}","items":['
    told = b',"ignored":%b}' % dumps(ignored).encode("ascii") if ignored else b"}"
    return b"".join((head.encode("ascii"), items_json(view, found, anchor), _tail(found)[:-1], told))


def _tail(found: Found) -> bytes:
    told = b"}" if found.reason is None else b',"reason":%b}' % dumps(found.reason).encode("ascii")
    if found.shortfall is None:
        return b'],"shortfall_reason":null' + told
    return b'],"shortfall_reason":"%b"%b' % (found.shortfall.encode("ascii"), told)


def items_json(view: View, found: Found, anchor: str | None = None) -> bytes:
    """The results as JSON, without the brackets; in ASCII."""
    fragments = view.fragments.kept
    if found.sources is None:
        kept = [fragments[row] or view.fragment(row) for row in found.rows]
    else:  # newcomers may be among them, whose rows lie behind those
        kept = [(row < len(fragments) and fragments[row]) or view.fragment(row) for row in found.rows]
    if anchor is None and found.sources is None:
        # The common case at once: all results in one go of the formatting.
        values: list[Any] = [None] * (2 * len(kept))
        values[::2], values[1::2] = kept, found.scores
        return _template(len(kept)) % tuple(values)
    parts = []
    sources = found.sources or ["model"] * len(found.rows)
    lines = zip(found.rows, kept, found.scores, sources, strict=True)
    for rank, (row, before, score, source) in enumerate(lines, 1):
        shown = "null" if score is None else f"{score:.6f}"
        end = "}" if anchor is None else _evidence_json(view, anchor, row)
        parts.append(before + f'{rank},"score":{shown},"source":"{source}"{end}'.encode("ascii"))
    return b",".join(parts)


@cache
def _template(results: int) -> bytes:
    """What stands between the fragments and the scores of so many results."""
    return b",".join([b'%%b%d,"score":%%.6f,"source":"model"}' % rank for rank in range(1, results + 1)])


def pair_json(pair: PairEvidence | None) -> dict[str, Any] | None:
    """What the training sessions say of two items, as in the reply."""
    if pair is None:
        return None
    return {
        "sessions": pair.sessions,
        "lift": round(pair.lift, 4),
        "first_before": pair.first_before,
        "second_before": pair.second_before,
        "distance": round(pair.distance, 4),
        "last": pair.last.isoformat() if pair.last else None,
    }


def _evidence_json(view: View, anchor: str, row: int) -> str:
    model = model_of(view)
    new = row >= len(model.vocabulary)  # in no session yet
    if new or anchor not in model.vocabulary or (own := model.vocabulary.row(anchor)) == row:
        return ',"evidence":null}'
    return f',"evidence":{dumps(pair_json(model.evidence.pair(own, row)))}}}'


def json_bytes(content: dict[str, Any]) -> bytes:
    return dumps(content).encode("ascii")


@dataclass(frozen=True)
class Entry:
    """Of a batch, about one item. code: of the error, where the status is one."""

    item_id: str
    found: Found
    status: int = 200
    code: str | None = None
    anchor: str | None = None


def batch_bytes(view: View, failed: int, entries: Sequence[bytes], ignored: Sequence[str]) -> bytes:
    """failed: how many of them have a status other than 200."""
    head = f'{{"model_version":"{view.version}","failed":{failed},"ignored":{dumps(ignored)},"results":['
    return b"".join((head.encode("ascii"), b",".join(entries), b"]}"))


def entry_bytes(view: View, entry: Entry) -> bytes:
    content = {"item_id": entry.item_id, "status": entry.status, "code": entry.code}
    return _with_list(content, view, entry.found, entry.anchor)


def list_bytes(view: View, content: dict[str, Any], found: Found, anchor: str | None = None) -> bytes:
    """Any other reply with a list: `content`, the model's version, the items, the shortfall."""
    return _with_list({**content, "model_version": view.version}, view, found, anchor)


def _with_list(content: dict[str, Any], view: View, found: Found, anchor: str | None) -> bytes:
    head = dumps(content)[:-1].encode("ascii")
    return b"".join((head, b',"items":[', items_json(view, found, anchor), _tail(found)))
