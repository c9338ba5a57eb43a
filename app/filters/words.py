"""The distinct texts of a column, each with a code."""

import threading
from itertools import islice

import numpy as np

from index.catalogue.texts import Texts

CHUNK = 4096  # texts hashed in one go: no single call may hold the interpreter while requests wait
UNKNOWN = -2
SOME = 100  # words that tell of which kind a field's values are
# Words that come after a column was made are in a dictionary, which takes ten times the room: with more than so many,
# and than this share of the others, the column is made anew.
MOST_NEW, NEW_SHARE = 1000, 0.125


class Words:
    """Distinct texts with a code each, found by their hashes: 20 bytes and the text itself, where a dictionary takes
    150 for each. Columns that follow each other share them, and add to them from any thread."""

    def __init__(self, known: dict[str, int]) -> None:
        """known: codes from 0 on, each once, in ascending order."""
        self._texts = _packed(known)
        hashes = np.empty(len(known), dtype=np.int64)
        words = iter(known)
        for begin in range(0, len(known), CHUNK):
            hashes[begin : begin + CHUNK] = [hash(word) for word in islice(words, CHUNK)]
        self._codes = np.argsort(hashes, kind="stable").astype(np.int32)
        self._hashes = hashes[self._codes]
        self._new: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._hashes) + len(self._new)

    @property
    def nbytes(self) -> int:
        return self._hashes.nbytes + self._codes.nbytes + self._texts.text.nbytes + self._texts.ends.nbytes

    def some(self) -> list[str]:
        """The first of them, and of those that came later."""
        old = (self._texts[code] for code in range(min(SOME, len(self._hashes))))
        with self._lock:
            return [word for word in (*old, *islice(self._new, SOME)) if word is not None]

    def find(self, text: str) -> int:
        """UNKNOWN where there is no such word."""
        wanted = hash(text)
        place = int(np.searchsorted(self._hashes, wanted))
        while place < len(self._hashes) and self._hashes[place] == wanted:
            code = int(self._codes[place])
            if self._texts[code] == text:
                return code
            place += 1
        return self._new.get(text, UNKNOWN)

    def code(self, text: str) -> int:
        """Of a word that may be new; UNKNOWN where too many are."""
        found = self.find(text)
        if found != UNKNOWN:
            return found
        with self._lock:
            if len(self._new) >= max(MOST_NEW, int(len(self._hashes) * NEW_SHARE)):
                return self._new.get(text, UNKNOWN)
            return self._new.setdefault(text, len(self))


def _packed(words: dict[str, int]) -> Texts:
    """As Texts.of, in steps."""
    text = bytearray()
    ends = np.empty(len(words), dtype=np.int64)
    for number, word in enumerate(words):
        text += word.encode("utf-8", "surrogatepass")
        ends[number] = len(text)
    return Texts(np.frombuffer(bytes(text), dtype=np.uint8), ends)
