"""Items whose title or id goes on like what was typed so far: found by their words, frequent ones first.

Made once for a catalogue and kept as arrays, so that a question costs a few passes over bits, and not over titles.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
WORD = re.compile(r"\w+")
LAST = chr(0x10FFFF)  # behind every letter
MOST_WORDS, LONGEST = 30, 40  # words of one title, letters of one word
TYPED_WORDS = 8
CANDIDATES = 60  # words that may have been meant, looked at letter by letter
SHARED = 0.3  # of a word's trigrams that one of them has too
NEAR = ((2, 0), (5, 1), (LONGEST, 2))  # up to so many letters, so many may be wrong


@dataclass(frozen=True)
class Lists:
    """Of each word or trigram some numbers, ascending: offsets int64 (n + 1,), numbers int32."""

    offsets: NDArray[np.int64]
    numbers: Ints

    @classmethod
    def of(cls, owners: Ints, numbers: Ints, count: int) -> "Lists":
        """From pairs: owners, of `count`, and a number of each."""
        order = np.lexsort((numbers, owners))
        offsets = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(owners, minlength=count), out=offsets[1:])
        return cls(offsets, numbers[order])

    def between(self, first: int, end: int) -> Ints:
        """Of the owners `first` to `end` - 1, one after the other."""
        return self.numbers[self.offsets[first] : self.offsets[end]]


@dataclass(frozen=True)
class Suggestions:
    """words: all words of titles and ids, ascending. items: of each word, the items that have it, by their places, the
    most frequent first. trigrams: three letters each, ascending. near: of each trigram, the words that have it. count:
    items."""

    words: list[str]
    items: Lists
    trigrams: list[str]
    near: Lists
    count: int

    @classmethod
    def of(cls, ids: Sequence[str], titles: Sequence[str | None]) -> "Suggestions":
        """ids, titles: of the items, the most frequent first; that is the order of answers."""
        pairs: dict[str, list[int]] = {}
        for place, (item, title) in enumerate(zip(ids, titles, strict=True)):
            own = dict.fromkeys([item.casefold()[:LONGEST], *words_of(item), *words_of(title or "")])
            for word in own:
                pairs.setdefault(word, []).append(place)
        words = sorted(pairs)
        owners = np.repeat(np.arange(len(words), dtype=np.int32), [len(pairs[word]) for word in words])
        items = Lists.of(owners, _flat(pairs[word] for word in words), len(words))
        grams: dict[str, list[int]] = {}
        for number, word in enumerate(words):
            for gram in _trigrams(word):
                grams.setdefault(gram, []).append(number)
        trigrams = sorted(grams)
        owners = np.repeat(np.arange(len(trigrams), dtype=np.int32), [len(grams[gram]) for gram in trigrams])
        near = Lists.of(owners, _flat(grams[gram] for gram in trigrams), len(trigrams))
        return cls(words, items, trigrams, near, len(ids))

    def find(self, typed: str, most: int) -> list[int]:
        """Places of items that have, for each word typed, one that begins so; where none has, one that nearly does."""
        wanted = words_of(typed)[:TYPED_WORDS]
        if not wanted or not self.count:
            return []
        every = np.ones(self.count, dtype=np.bool_)
        for word in wanted:
            every &= self._with(word)
        found: list[int] = np.flatnonzero(every)[:most].tolist()
        return found

    def _with(self, word: str) -> NDArray[np.bool_]:
        """bool (items,): those with a word that begins so, or nearly is so."""
        found = np.zeros(self.count, dtype=np.bool_)
        first, end = bisect_left(self.words, word), bisect_left(self.words, word + LAST)
        if first < end:
            found[self.items.between(first, end)] = True
            return found
        for number in self._meant(word):
            found[self.items.between(number, number + 1)] = True
        return found

    def _meant(self, word: str) -> Iterator[int]:
        """Words that differ in few letters, at their beginning: who types has not come to the end yet."""
        may = next(wrong for letters, wrong in NEAR if len(word) <= letters)
        grams = _trigrams(word)
        places = [(bisect_left(self.trigrams, gram), gram) for gram in grams] if may else []
        lists = [
            self.near.between(at, at + 1)
            for at, gram in places
            if at < len(self.trigrams) and self.trigrams[at] == gram
        ]
        if not lists:
            return
        shared = np.bincount(np.concatenate(lists), minlength=len(self.words))
        enough = np.flatnonzero(shared >= max(1, SHARED * len(grams)))
        best = enough[np.argsort(-shared[enough], kind="stable")[:CANDIDATES]]
        for number in best.tolist():
            if apart(word, self.words[number][: len(word) + may], may) <= may:
                yield number


def words_of(text: str) -> list[str]:
    """Without case and accents: people leave both out."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [word[:LONGEST] for word in WORD.findall(bare)[:MOST_WORDS]]


def apart(typed: str, word: str, most: int) -> int:
    """Letters that are wrong, missing, too many or swapped with the next, to come from `typed` to some beginning of
    `word`; more than `most` where there are more (Damerau 1964, with each place changed once)."""
    before: list[int] = []
    row = list(range(len(word) + 1))
    for number, letter in enumerate(typed, 1):
        last, row = row, [number, *[0] * len(word)]
        for place, other in enumerate(word, 1):
            row[place] = min(last[place] + 1, row[place - 1] + 1, last[place - 1] + (letter != other))
            if number > 1 and place > 1 and letter == word[place - 2] and typed[number - 2] == other:
                row[place] = min(row[place], before[place - 2] + 1)
        if min(row) > most:
            return most + 1
        before = last
    return min(row)


def _trigrams(word: str) -> list[str]:
    """Each once; the first two letters with a mark, since few err there."""
    marked = f"^{word}"
    return list(dict.fromkeys(marked[at : at + 3] for at in range(max(1, len(marked) - 2))))


def _flat(lists: Iterator[list[int]]) -> Ints:
    return np.fromiter((number for some in lists for number in some), dtype=np.int32)
