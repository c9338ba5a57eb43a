"""The part of an answer that an item brings along, as JSON: rendered once for each, since ten are in every answer."""

from json.encoder import encode_basestring_ascii as quoted  # json.dumps of a text takes 10 times as long


def fragment(item_id: str, title: str | None, category: str | None) -> bytes:
    """All that stands before the rank; ASCII."""
    return f'{{"item_id":{quoted(item_id)},"title":{text(title)},"category":{text(category)},"rank":'.encode("ascii")


def text(value: str | None) -> str:
    return "null" if value is None else quoted(value)
