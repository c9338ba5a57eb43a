"""Whether the ids of the log and those of the catalogue meet; and where they do not, in which writing they would."""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property

MOST_COMPARED = 200_000  # ids of each side, about a second for all writings
FEW = 0.9  # of the items of a log, from which on a catalogue is taken to be complete enough
FLOAT = re.compile(r"([+-]?\d+)\.0+")
EXPONENT = re.compile(r"\d(\.\d+)?[eE]\+?\d{1,2}")
UUID = re.compile(r"\{?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?")
DASHED = re.compile(r"\d[\d -]*[\dXx]")
FRONT = re.compile(r"[^\W\d]\D*(\d+)")
HIDDEN = "\ufeff\u200b\u200c\u200d\u2060\xad"  # beside white space: what is there and not seen
UNSEEN = dict.fromkeys(map(ord, HIDDEN))
QUOTES = "\"'`\u201c\u201d\u2018\u2019\xab\xbb"


def without_blanks(text: str) -> str:
    before = None
    while text != before:
        before, text = text, text.strip().strip(HIDDEN)
    return text


def without_quotes(text: str) -> str:
    """Also without the apostrophe at one end with which spreadsheets mark a text."""
    if len(text) > 2 and text[0] in QUOTES and text[-1] in QUOTES:
        return text[1:-1]
    return text.strip("'") or text


def in_one_form(text: str) -> str:
    """Without what is not seen, wherever it stands."""
    return unicodedata.normalize("NFKC", text).translate(UNSEEN) or text


def whole(text: str) -> str:
    found = FLOAT.fullmatch(text)
    return found[1] if found else text


def without_exponent(text: str) -> str:
    if not EXPONENT.fullmatch(text):
        return text
    number = float(text)
    return str(int(number)) if number.is_integer() and number < 2**63 else text


def without_dashes(text: str) -> str:
    if UUID.fullmatch(text):
        return re.sub("[-{}]", "", text).lower()
    return re.sub("[ -]", "", text) if DASHED.fullmatch(text) else text


def without_zeros(text: str) -> str:
    return text.lstrip("0") or "0" if text.isdigit() else text


def without_front(text: str) -> str:
    found = FRONT.fullmatch(text)
    return found[1] if found else text


def without_prefix(text: str) -> str:
    return re.split("[/:]", text)[-1]


# cause -> (what makes them alike, in words). A cause that is found first goes before a later one that finds as many.
WRITINGS: dict[str, tuple[Callable[[str], str], str]] = {
    "blanks": (without_blanks, "without the blanks at their ends"),
    "quotes": (without_quotes, "without the quotes around them"),
    "float": (whole, "without .0 at their ends"),
    "zeros": (without_zeros, "without the zeros in front"),
    "case": (str.casefold, "if case did not count"),
    "unicode": (in_one_form, "in one Unicode form"),
    "dashes": (without_dashes, "without their dashes"),
    "exponent": (without_exponent, "with all digits in place of an exponent"),
    "prefix": (without_prefix, "without what stands before the last / or :"),
    "front": (without_front, "without the letters in front of the number"),
}


def bare(text: str) -> str:
    """All of these at once, but what only takes a part of the id, and letter case."""
    text = without_blanks(without_quotes(without_blanks(text)))
    return without_zeros(without_dashes(without_exponent(whole(in_one_form(text)))))


def loose(text: str) -> str:
    """As `bare`, in one letter case."""
    return bare(text).casefold()


@dataclass(frozen=True)
class Known:
    """The item ids of the log."""

    ids: Collection[str]

    @cached_property
    def exact(self) -> frozenset[str]:
        return frozenset(self.ids)

    @cached_property
    def loose(self) -> frozenset[str]:
        return frozenset(map(loose, _some(self.ids)))


@dataclass(frozen=True)
class Meeting:
    """log: items of the log, and `in_catalogue` of them in the catalogue; catalogue: the other way round. cause: the
    writing in which most of the others would meet, `would` at least; "" where none would. pair: an id of each side,
    which would meet; without a cause, two that do not; "" where there is none."""

    log: int
    in_catalogue: int
    catalogue: int
    in_log: int
    cause: str = ""
    would: int = 0
    pair: tuple[str, str] = field(default=("", ""))

    @property
    def share(self) -> float:
        """Of the log's items, those in the catalogue."""
        return self.in_catalogue / max(self.log, 1)

    @property
    def is_poor(self) -> bool:
        """Whether it is worth a word: items have no metadata that seem to have some, or too many have none."""
        return bool(self.would) or self.share < FEW

    @property
    def how(self) -> str:
        """In which writing they would meet, in words; "" in none."""
        if self.cause == "several":
            return "if both were written alike"
        return WRITINGS[self.cause][1] if self.cause else ""

    @property
    def found(self) -> str:
        return (
            f"Of {self.log:,} items of the log {self.in_catalogue:,} are in the metadata; of the {self.catalogue:,} "
            f"items there {self.in_log:,} are in the log."
        )

    @property
    def advice(self) -> str:
        """What would make more of them meet."""
        left, right = self.pair
        if self.cause:
            return (
                f"{self.would:,} more would meet {self.how}: {left!r} in the log, {right!r} in the metadata. Write "
                "them in one way in both."
            )
        if left and right:
            return (
                f"The log has for example {left!r}, the metadata {right!r}: do --item and --items-id name the right "
                "columns, and is the file complete?"
            )
        return "Is the file complete?"


def meet(log: Sequence[str], catalogue: Sequence[str]) -> Meeting:
    """log: ids, the most frequent first."""
    ours, theirs = set(log), set(catalogue)
    missing, spare = [item for item in log if item not in theirs], [item for item in catalogue if item not in ours]
    counts = len(ours), len(ours) - len(missing), len(theirs), len(theirs) - len(spare)
    if not missing or not theirs:
        return Meeting(*counts, pair=(missing[0] if missing else "", spare[0] if spare else ""))
    some, others = missing[:MOST_COMPARED], _some(spare) or _some(catalogue)
    best: tuple[str, int, tuple[str, str]] = "", 0, (missing[0], spare[0] if spare else catalogue[0])
    for cause, write in [*((name, how) for name, (how, _) in WRITINGS.items()), ("several", loose)]:
        written = {write(item): item for item in reversed(others)}
        met = [(item, written[text]) for item in some if (text := write(item)) in written]
        if len(met) > best[1]:
            best = cause, len(met), met[0]
    cause, would, pair = best
    return Meeting(*counts, cause, would, pair)


def _some(ids: Collection[str]) -> list[str]:
    """At most MOST_COMPARED, from all over."""
    every = list(ids)
    return every[:: -(-len(every) // MOST_COMPARED)] if len(every) > MOST_COMPARED else every
