"""Rows and scores -> the reply's bytes. Both ways into the service, quick and documented, end here, so that they give
the same bytes. Rendering is by hand because it is most of a request.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from app.live.answers import Found, model_of
from app.live.view import View
from index.evidence import PairEvidence
from index.model import Score

END = '],"shortfall_reason":null}'
dumps = partial(json.dumps, separators=(",", ":"))
RANKS = range(1, 100_000)


def similar_bytes(view: View, item_id: str, score: Score, found: Found, anchor: str | None = None) -> bytes:
    """The reply of GET /similar. anchor: the item whose evidence each result gets; None: none."""
    head = f'{{"item_id":{quoted(item_id)},"model_version":"{view.version}","score":"{score}","items":['
    return (head + items_json(view, found, anchor) + _tail(found)).encode("ascii")


def _tail(found: Found) -> str:
    return END if found.shortfall is None else f'],"shortfall_reason":"{found.shortfall}"}}'


def items_json(view: View, found: Found, anchor: str | None = None) -> str:
    """The results as JSON, without the brackets; in ASCII."""
    fragments = view.fragments
    if anchor is None and found.sources is None:
        # The common case at once: 10 us against 13 for the loop below.
        kept = [fragments[row] or view.fragment(row) for row in found.rows]
        return ",".join(
            [
                f'{before}{rank},"score":{score:.6f},"source":"model"{after}}}'
                for rank, (before, after), score in zip(RANKS, kept, found.scores, strict=False)
            ]
        )
    parts = []
    sources = found.sources or ["model"] * len(found.rows)
    for rank, (row, score, source) in enumerate(zip(found.rows, found.scores, sources, strict=True), 1):
        before, after = fragments[row] or view.fragment(row)
        shown = "null" if score is None else f"{score:.6f}"
        end = "}" if anchor is None else _evidence_json(view, anchor, row)
        parts.append(f'{before}{rank},"score":{shown},"source":"{source}"{after}{end}')
    return ",".join(parts)


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
    if anchor not in model.vocabulary or (own := model.vocabulary.row(anchor)) == row:
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


def batch_bytes(view: View, entries: Sequence[Entry]) -> bytes:
    failed = sum(entry.status != 200 for entry in entries)
    head = f'{{"model_version":"{view.version}","failed":{failed},"results":['
    return (head + ",".join(_entry_json(view, entry) for entry in entries) + "]}").encode("ascii")


def _entry_json(view: View, entry: Entry) -> str:
    head = dumps({"item_id": entry.item_id, "status": entry.status, "code": entry.code})[:-1]
    return head + ',"items":[' + items_json(view, entry.found, entry.anchor) + _tail(entry.found)


def list_bytes(view: View, content: dict[str, Any], found: Found, anchor: str | None = None) -> bytes:
    """Any other reply with a list: `content`, the model's version, the items, the shortfall."""
    head = dumps({**content, "model_version": view.version})[:-1]
    return (head + ',"items":[' + items_json(view, found, anchor) + _tail(found)).encode("ascii")
