"""An item's id at the end of a path, whatever it holds: `{item_id:item}`."""

from starlette.convertors import Convertor, register_url_convertor


class ItemConvertor(Convertor[str]):
    """Like Starlette's `path`, but with line breaks: that one stops at one, so DELETE /items/a%0A would delete a."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


# Starlette knows convertors by name only, for the whole process.
register_url_convertor("item", ItemConvertor())
