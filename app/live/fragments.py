"""The parts of an answer that an item brings along, as JSON: rendered once for each, since ten are in every answer."""

from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as quoted  # json.dumps of a text takes 10 times as long
from typing import Any

# Before the rank, and after the source.
Fragment = tuple[str, str]

# Items rendered when a model is loaded: 0.4 s and 60 MB; of larger ones each when it is first asked for.
AT_ONCE = 300_000


def fragment(item_id: str, title: str | None, category: str | None) -> Fragment:
    return f'{{"item_id":{quoted(item_id)},"rank":', f',"title":{text(title)},"category":{text(category)}'


def text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


def fragments_of(ids: Sequence[str], titles: Sequence[Any], categories: Sequence[Any]) -> list[Fragment | None]:
    """One per row, of three columns of the same length; None for all where they are too many to be rendered at once."""
    if len(ids) > AT_ONCE:
        return [None] * len(ids)
    rows = zip(ids, titles, categories, strict=True)
    return [fragment(i, None if t is None else str(t), None if c is None else str(c)) for i, t, c in rows]
