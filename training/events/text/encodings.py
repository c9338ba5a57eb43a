"""How the text of a file is encoded: as its marks and its bytes say, or else the best guess."""

import codecs
import re
from typing import IO

from charset_normalizer import from_bytes

from index.errors import EventsError
from training.codec import codec

BLOCK_BYTES = 1 << 22
PARITY_BYTES = 1 << 16  # looked at for the zero bytes of UTF-16 and UTF-32
SAMPLE_BYTES = 1 << 16  # of the values with letters beyond ASCII, which a guess is made from
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, with whose mark it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What logs are found in; of the hundred others each is rarer than a wrong guess. cp1257 is not among them: it took
# French for Dutch.
LIKELY = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "koi8_r", "cp866", "gb18030",
          "big5", "cp932", "euc_jp", "cp949", "iso8859_2", "mac_roman", "cp850"]  # fmt: skip
LATIN = {"cp1250", "cp1254", "cp1257", "iso8859_2", "mac_roman", "cp850"}
FALLBACK = "cp1252"  # what Windows writes in most of the world
# charset-normalizer's marks for two readings that are all but equally likely: then the usual one is taken.
CHAOS, COHERENCE = 0.03, 0.005
# Bytes that are frequent letters in one encoding and rare ones in cp1252, and those that speak against it: Turkish
# where the other reading is Icelandic, Hungarian where it is an Estonian or Portuguese without its other letters.
TELLING = (("cp1254", b"\xf0\xfd\xfe", b"\xe1\xe6\xed\xf3"), ("cp1250", b"\xf5\xfb", b"\xe2\xe3\xe4\xe7\xe8\xea"))
TELLING_SHARE = 0.1  # of the bytes beyond ASCII
VALUE = re.compile(rb"[^\x00-\x2f\x3a-\x40\x7b-\x7f]*[\x80-\xff][^\x00-\x1f,;|\x7f]*")
VALID = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
HIGH = re.compile(rb"[\x80-\xff]")


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


class Guess:
    """An encoding in which the bytes of a file make sense: all of it counts, not only its beginning."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._beyond = 0  # bytes by which valid letters beyond ASCII are longer than one
        self._wrong = False
        self._values: list[bytes] = []
        self._size = 0

    @property
    def sure(self) -> bool:
        """Whether more bytes would change nothing."""
        return self._wrong and self._size >= SAMPLE_BYTES

    def see(self, block: bytes) -> None:
        pending = len(self._decoder.getstate()[0])
        if self.sure or (not pending and block.isascii()):
            return
        if not self._wrong:
            try:
                text = self._decoder.decode(block)
                self._beyond += pending + len(block) - len(self._decoder.getstate()[0]) - len(text)
                return
            except UnicodeDecodeError:
                self._wrong = True
        self._keep(block)

    def encoding(self, cut: bool = False) -> str | None:
        """None for UTF-8, also where a few bytes are wrong: their rows are rejected. cut: the file goes on."""
        pending = b"" if self._wrong or cut else self._decoder.getstate()[0]
        if not self._wrong and not pending:
            return None
        sample = b"\n".join([*self._values, pending])
        rest = VALID.sub(b"", sample)
        valid = self._beyond + (len(sample) - len(rest)) / 2
        return None if valid >= len(HIGH.findall(rest)) else _likeliest(sample)

    def _keep(self, block: bytes) -> None:
        most = self._size + SAMPLE_BYTES // 16  # of one block: a file may change its language
        for value in VALUE.finditer(block):
            self._values.append(value[0][:1000])
            self._size += len(self._values[-1])
            if self._size >= min(SAMPLE_BYTES, most):
                return


def guessed(stream: IO[bytes], most: int | None) -> str | None:
    """As `Guess`, of the bytes up to `most`, or of all."""
    guess, left = Guess(), most
    while block := stream.read(BLOCK_BYTES if left is None else min(BLOCK_BYTES, left)):
        left = None if left is None else left - len(block)
        guess.see(block)
        if guess.sure:
            break
    return guess.encoding(cut=left == 0)


def _likeliest(sample: bytes) -> str:
    found = list(from_bytes(sample, cp_isolation=LIKELY))
    if not found:
        return FALLBACK
    best = found[0]
    usual = next((match for match in found if FALLBACK in match.could_be_from_charset), None)
    near = usual is not None and usual.chaos <= best.chaos + CHAOS and usual.coherence >= best.coherence - COHERENCE
    if usual is not best and not (near and best.encoding in LATIN):
        return best.encoding
    beyond = len(HIGH.findall(sample)) * TELLING_SHARE
    for encoding, telling, against in TELLING:
        if sum(map(sample.count, _each(telling))) >= beyond and not any(byte in sample for byte in against):
            return encoding
    return FALLBACK


def _each(letters: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in letters]
