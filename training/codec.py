"""Encodings of text by the names that Python gives them."""

import codecs

# Codecs of text that no file is written in: they write one alphabet in another.
NO_FILES = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"}


def codec(name: str) -> str:
    """Python's own name of an encoding of text. Raises ValueError for what is none."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        found = None
    # The only mark by which Python tells text from its codecs of bytes, such as base64; `bytes.decode` asks for it too.
    if found is None or not found._is_text_encoding or found.name.replace("_", "-") in NO_FILES:
        raise ValueError(
            f"{name!r} is no encoding; name one as Python does: utf-8, utf-16, cp1252, cp1251, gbk, shift_jis, ..."
        )
    return found.name
