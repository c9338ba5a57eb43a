"""A request's body as JSON, strictly: what other readers of JSON would refuse is refused here too."""

import json
import zlib
from collections.abc import Collection
from typing import Any, Never

from app.bodies.jsonpieces import Pieces
from app.problems import BodyTooLarge, TypeUnsupported
from index.errors import RequestError

# A gzip member's end is found by handing over the rest of the input: small pieces, or many members take for ever.
PIECE = 4096
GZIP = 16 + zlib.MAX_WBITS


def media_type(header: str | None, readable: Collection[str]) -> str:
    """The type of the body, in lower case and without parameters. Raises TypeUnsupported for one not in `readable`."""
    name, _, parameters = (header or "").partition(";")
    found = name.strip().lower()
    if found not in readable:
        raise TypeUnsupported(f"the body must be sent with Content-Type: {' or '.join(readable)}")
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8", "us-ascii"):
            raise TypeUnsupported("the body must be sent as UTF-8")
    return found


def unpack(body: bytes, encoding: str | None, limit: int) -> bytes:
    """The body without its Content-Encoding: gzip or none.

    Raises TypeUnsupported for others, BodyTooLarge when it would have more than `limit` bytes, without unpacking
    more than that, and RequestError when it is not a whole gzip file.
    """
    found = (encoding or "identity").strip().lower()
    if found in ("gzip", "x-gzip"):
        return _gunzip(body, limit)
    if found != "identity":
        raise TypeUnsupported("the body must be sent with Content-Encoding: gzip, or with none")
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _gunzip(body: bytes, limit: int) -> bytes:
    found: list[bytes] = []
    size, member = 0, None
    try:
        for start in range(0, len(body), PIECE):
            piece = body[start : start + PIECE]
            while piece:
                if member is None:
                    # Zeros after a member are padding, as gzip -d has it.
                    piece = piece.lstrip(b"\0") if found else piece
                    if not piece:
                        break
                    member = zlib.decompressobj(GZIP)
                found.append(member.decompress(piece, limit - size + 1))
                size += len(found[-1])
                if size > limit:
                    raise _too_large(limit)
                piece = member.unused_data
                if member.eof:
                    member = None
    except zlib.error:
        raise RequestError("the body is not gzip, though Content-Encoding says so, or it is damaged") from None
    if member is not None or not found:
        raise RequestError("the gzip body breaks off")
    return b"".join(found)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body has more than {limit} bytes, which is the most this service takes: send it in parts")


def decode(body: bytes, most: int) -> Any:
    """The JSON value, with or without a byte order mark. most: values that a list in it may have; those of a small body
    are not counted. Raises RequestError for what is not JSON, not UTF-8, or too deep, and TooMany."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(f"the body is not UTF-8: byte {error.start} cannot be read") from None
    return parse(text, most)


def parse(text: str, most: int, what: str = "the body") -> Any:
    """As `decode`, of text. what: to be named in the error."""
    try:
        return _PIECES.decode(text, most)
    except json.JSONDecodeError as error:
        raise RequestError(f"{what} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise RequestError("the JSON is nested too deeply") from None
    except ValueError as error:
        # NaN and its like, and whole numbers of thousands of digits, which take the square of that to read.
        reason = str(error) if isinstance(error, _Constant) else "a number is too long"
        raise RequestError(f"{what} is not JSON: {reason}") from None


class _Constant(ValueError):
    pass


def _refuse(name: str) -> Never:
    raise _Constant(f"{name} is not a JSON value")


_PIECES = Pieces(_refuse)
