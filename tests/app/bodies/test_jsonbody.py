"""Bodies are unpacked within their limit, and read as JSON strictly."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bodies.jsonbody import decode, media_type, unpack
from app.problems import BodyTooLarge, TypeUnsupported
from index.errors import RequestError


@given(st.lists(st.binary(max_size=9000), min_size=1, max_size=4), st.integers(0, 9000))
def test_gzip_of_any_number_of_members_is_unpacked(parts, padding):
    body = b"".join(gzip.compress(part) for part in parts) + bytes(padding)
    assert unpack(body, "gzip", 1 << 20) == b"".join(parts)


@given(st.binary(min_size=1, max_size=5000), st.data())
def test_gzip_that_breaks_off_is_refused(content, data):
    body = gzip.compress(content)
    with pytest.raises(RequestError, match="gzip"):
        unpack(body[: data.draw(st.integers(0, len(body) - 1))], "gzip", 1 << 20)


@pytest.mark.parametrize("body", [b"", b"plain text", gzip.compress(b"a", mtime=0) + b"rubbish", bytes(100)])
def test_what_is_no_gzip_is_refused(body):
    with pytest.raises(RequestError, match="gzip"):
        unpack(body, "GZIP", 1000)


def test_the_limit_is_on_the_unpacked_bytes_exactly():
    assert len(unpack(gzip.compress(bytes(1000)), "x-gzip", 1000)) == 1000
    assert len(unpack(bytes(1000), None, 1000)) == 1000
    for body, encoding in [(gzip.compress(bytes(1001)), "gzip"), (bytes(1001), "identity")]:
        with pytest.raises(BodyTooLarge, match="1000 bytes"):
            unpack(body, encoding, 1000)


def test_a_bomb_takes_no_memory():
    bomb = gzip.compress(bytes(64 << 20))
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        unpack(bomb, "gzip", 1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_other_encodings_are_refused():
    for encoding in ("br", "gzip, gzip", "deflate"):
        with pytest.raises(TypeUnsupported):
            unpack(b"", encoding, 1000)


def test_the_type_is_read_without_its_parameters():
    types = ("application/json",)
    for header in ("application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8";x'):
        assert media_type(header, types) == "application/json"
    for header in (None, "", "text/plain", "application/json; charset=latin-1", "application/x-www-form-urlencoded"):
        with pytest.raises(TypeUnsupported):
            media_type(header, types)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "line 1, column 1"),
        (b'{"a": 1', "line 1"),
        (b"[1]\n[2]", "line 2, column 1"),
        (b"[NaN]", "NaN is not a JSON value"),
        (b"[-Infinity]", "-Infinity is not a JSON value"),
        (b"[" + b"9" * 5000 + b"]", "a number is too long"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'["\xff"]', "byte 2"),
        (b'["\xed\xa0\x80"]', "not UTF-8"),
        ('["a"]'.encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(body, said):
    with pytest.raises(RequestError, match=said):
        decode(body, 100)


def test_a_byte_order_mark_is_no_obstacle():
    assert decode(b"\xef\xbb\xbf[1]", 100) == [1]
