"""An id in a path, whatever it holds: a route takes ITEM_ID or USER_ID as a part of its path."""

from starlette.convertors import PathConvertor, register_url_convertor


class ItemConvertor(PathConvertor):
    """Starlette's `path`, but with line breaks: that one stops at one, so DELETE /items/a%0A would delete a."""

    regex = "(?s:.*)"


# Starlette knows convertors by name only, for the whole process.
register_url_convertor("item", ItemConvertor())
ITEM_ID = "{item_id:item}"
USER_ID = "{user_id:item}"
