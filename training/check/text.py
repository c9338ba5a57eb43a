"""Numbers and moments as people read them, in findings and on the page."""

from datetime import UTC, datetime
from typing import NamedTuple


class Words(NamedTuple):
    """What a finding says."""

    title: str
    found: str
    effect: str
    advice: str


class Count(int):
    """A number in a sentence: `{n:event}` is "1 event" or "2,000 events", `{n:is|are}` the word that goes with it."""

    def __format__(self, spec: str) -> str:
        if "|" in spec:
            return spec.split("|")[self != 1]
        return many(self, spec) if len(spec) > 1 and spec[0].isalpha() else super().__format__(spec)


def percent(share: float) -> str:
    """12 %, 0.34 %, under 0.01 %."""
    if 0 < share < 0.0001:
        return "under 0.01 %"
    if 0.995 <= share < 1:
        return f"{min(share * 100, 99.99):.4g} %"
    return f"{share * 100:.0f} %" if share >= 0.1 or share == 0 else f"{share * 100:.2g} %"


def many(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"


def moment(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def number(micros: int) -> str:
    """A time that is not a clock time, as it stands in the log: whole where it is whole."""
    return f"{micros // 1_000_000:,}" if micros % 1_000_000 == 0 else f"{micros / 1e6:,.3f}"
