"""The best guess of an encoding that no mark and no setting tells, from the values with letters beyond ASCII."""

import codecs
import re
import unicodedata
from typing import IO

from charset_normalizer import from_bytes

BLOCK_BYTES = 1 << 22
SAMPLE_BYTES = 1 << 16  # of those values
ODD_BYTES = 1 << 11  # of the sample, looked at letter by letter
VALUE_BYTES = 1000
# What logs are found in; of the hundred others each is rarer than a wrong guess. cp1257 is not among them: it took
# French for Dutch.
LIKELY = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "koi8_r", "cp866", "gb18030",
          "big5", "cp932", "euc_jp", "cp949", "iso8859_2", "mac_roman", "cp850"]  # fmt: skip
LATIN = {"cp1250", "cp1254", "iso8859_2", "mac_roman", "cp850"}
FALLBACK = "cp1252"  # what Windows writes in most of the world
# charset-normalizer's marks for two readings that are all but equally likely: then the usual one is taken.
CHAOS, COHERENCE = 0.03, 0.005
# Bytes that are frequent letters in one encoding and rare ones in cp1252, and those that speak against it: Turkish
# where the other reading is Icelandic, Hungarian where it is an Estonian or Portuguese without its other letters.
TELLING = (("cp1254", b"\xf0\xfd\xfe", b"\xe1\xe6\xed\xf3"), ("cp1250", b"\xf5\xfb", b"\xe2\xe3\xe4\xe7\xe8\xea"))
TELLING_SHARE = 0.1  # of the bytes beyond ASCII
MORE_ODD = 0.03  # of the letters: a reading that is so much odder than the best one is none
VALUE = re.compile(rb"[0-9A-Za-z]*[\x80-\xff][^\x00-\x1f,;\x7f]*")
VALID = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
HIGH = re.compile(rb"[\x80-\xff]")
# First bytes of the ideographs that are common in each encoding: its first level. In Korean, hardly any are.
COMMON = {
    "gb18030": b"\xb0\xd7",
    "big5": b"\xa4\xc6",
    "cp932": b"\x88\x97",
    "euc_jp": b"\xb0\xcf",
    "cp949": b"\x00\x00",
}
MOST_ACCENTS = 2  # in a row, of words in Latin letters
EAST = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "FULLWIDTH", "IDEOGRAPHIC"}  # stand in one word


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

    @property
    def utf8(self) -> bool:
        """Whether there are letters beyond ASCII, and all are valid UTF-8: other text is that by no chance."""
        return self._beyond > 0 and not self._wrong

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
        return None if valid >= len(HIGH.findall(rest)) else likeliest(sample)

    def _keep(self, block: bytes) -> None:
        most = min(SAMPLE_BYTES, self._size + SAMPLE_BYTES // 16)  # of one block: a file may change its language
        for found in VALUE.finditer(block):
            value = found[0]
            # A long one ends at a blank: half a letter would speak against the right encoding.
            self._values.append(value if len(value) <= VALUE_BYTES else value[: value.rfind(b" ", 0, VALUE_BYTES) + 1])
            self._size += len(self._values[-1]) + 1
            if self._size >= most:
                return


def guessed(stream: IO[bytes], most: int | None) -> str | None:
    """As `Guess`, of the bytes up to `most`, or of all."""
    return looked_at(stream, most).encoding(cut=most is not None)


def looked_at(stream: IO[bytes], most: int | None) -> Guess:
    guess, left = Guess(), most
    while block := stream.read(BLOCK_BYTES if left is None else min(BLOCK_BYTES, left)):
        left = None if left is None else left - len(block)
        guess.see(block)
        if guess.sure:
            break
    return guess


def likeliest(sample: bytes) -> str:
    """The one of LIKELY in which the sample reads best; FALLBACK where none does."""
    oddness = {encoding: share for encoding in LIKELY if (share := odd(sample, encoding)) is not None}
    least = min(oddness.values(), default=0.0)
    found = list(from_bytes(sample, cp_isolation=[e for e, share in oddness.items() if share <= least + MORE_ODD]))
    if not found:
        return min(oddness, key=oddness.__getitem__, default=FALLBACK)
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


def odd(sample: bytes, encoding: str) -> float | None:
    """Share of the letters beyond ASCII that no word of any language has where they stand: signs and frames, halves of
    letters, capitals behind small ones, another script, rare ideographs.

    None where the sample is not in the encoding.
    """
    # charset-normalizer judges whole texts; ids and titles are too short for it without this.
    part = sample if len(sample) <= ODD_BYTES else sample[: sample.rfind(b"\n", 0, ODD_BYTES) + 1] or sample
    try:
        sample.decode(encoding)
        text = part.decode(encoding)
    except UnicodeDecodeError:
        return None
    count = strange = accents = 0
    before, script_before = " ", ""
    for letter in text:
        kind, script = unicodedata.category(letter), _script(letter)
        accents = accents + 1 if letter > "\x7f" and script == "LATIN" else 0
        if letter > "\x7f":
            count += 1
            inside = before.isalpha() or unicodedata.category(before)[0] == "M"
            if kind[0] == "M":
                strange += not inside
            elif not letter.isalpha():
                strange += kind[0] in "SCN" or inside
            elif script == "HALFWIDTH" or accents > MOST_ACCENTS or (script == "EAST" and _rare(letter, encoding)):
                strange += 1
            elif inside:
                strange += script != script_before or (letter.isupper() and before.islower())
        before, script_before = letter, script_before if kind[0] == "M" else script
    return strange / max(count, 1)


def _script(letter: str) -> str:
    """Of a letter: the first word of its name, one for those that Chinese and Japanese mix."""
    if not letter.isalpha():
        return ""
    name = unicodedata.name(letter, "").partition(" ")[0]
    return "EAST" if name in EAST else name


def _rare(letter: str, encoding: str) -> bool:
    if not unicodedata.name(letter, "").startswith("CJK") or encoding not in COMMON:
        return False
    least, most = COMMON[encoding]
    return not least <= letter.encode(encoding)[0] <= most


def _each(letters: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in letters]
