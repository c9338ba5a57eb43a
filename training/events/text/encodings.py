"""How the text of a file is encoded: as a setting, its mark or its zero bytes say."""

import codecs
import re

from index.errors import EventsError
from training.codec import codec

PARITY_BYTES = 1 << 16  # looked at for the zero bytes of UTF-16 and UTF-32
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, with whose mark it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def marked_as(head: bytes) -> str | None:
    """The encoding whose byte order mark the file begins with."""
    return next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)


def wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 of either order, by its mark, or by where its zero bytes are: a log has digits and commas in any
    language. None for other text."""
    marked = marked_as(head)
    if marked is not None:
        return None if marked == "utf-8" else marked
    part = head[: PARITY_BYTES // 4 * 4]
    zeros = [part[place::4].count(0) * 4 / max(len(part), 1) for place in range(4)]
    if min(zeros[2:]) > 0.9 and zeros[0] < 0.1:
        return "utf-32-le"
    if min(zeros[:2]) > 0.9 and zeros[3] < 0.1:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    if max(even, odd) > 0.1 and min(even, odd) < 0.1 * max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def as_named(file: str, head: bytes, name: str) -> str:
    """The encoding that was named, with the byte order that is found. Raises EventsError where the file is in another
    for certain."""
    found, marked, asked = wide(head), marked_as(head), codec(name)
    family = re.match(r"utf-(?:16|32)", asked)
    if family:
        if found is None or not found.startswith(family[0]) or asked not in (family[0], found):
            said = f"is in {found.upper()}" if found else f"has no byte order mark, and is not in {family[0].upper()}"
            raise EventsError(f"{file}: {said}; leave --encoding out, or name another")
        return found
    if found is not None or (marked is not None and asked not in ("utf-8", "utf-8-sig")):
        raise EventsError(f"{file}: is in {(found or marked or '').upper()}; leave --encoding out")
    return "utf-8" if asked == "utf-8-sig" else asked
