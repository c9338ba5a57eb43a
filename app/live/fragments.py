"""The part of an answer that an item brings along, as JSON: rendered once for each, since ten are in every answer."""

import threading
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring_ascii as quoted  # json.dumps of a text takes 10 times as long


def fragment(item_id: str, title: str | None, category: str | None) -> bytes:
    """All that stands before the rank; ASCII."""
    return f'{{"item_id":{quoted(item_id)},"title":{text(title)},"category":{text(category)},"rank":'.encode("ascii")


def text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


class Fragments:
    """Those of one model's rows, shared by the states of the catalogue under it.

    kept: row -> fragment; None where it is to be asked for, as it always is for rows that changed under this model.
    """

    def __init__(self, rows: int) -> None:
        self.kept: list[bytes | None] = [None] * rows
        self._changed: dict[int, tuple[object, bytes] | None] = {}
        self._lock = threading.Lock()

    def changed(self, rows: Iterable[int]) -> None:
        """Before a state is shown in which these are others."""
        with self._lock:
            for row in rows:
                self._changed[row] = self.kept[row] = None

    def get(self, row: int, packed: object, render: Callable[[], bytes]) -> bytes:
        """packed: what the state that asks has stored of the row's item."""
        kept = self._changed.get(row)
        if kept is not None and kept[0] is packed:
            return kept[1]
        made = render()
        with self._lock:  # a state of before may ask while the next one comes
            if row in self._changed:
                self._changed[row] = packed, made
            else:
                self.kept[row] = made
        return made
