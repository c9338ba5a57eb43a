"""A finding: what was found in a log, what it does to a model, and which flag helps. And the verdict on all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from training.check.tally import SAMPLES
from training.check.text import Count, percent
from training.check.words import words_of

Severity = Literal["stop", "warn", "note"]
Sample = dict[str, Any]  # a row, or some ids, as JSON values: what a finding shows differs from one to the next

NAMED = ("user", "session")  # what samples show of these is a hash until it is looked up


@dataclass(frozen=True)
class Finding:
    """One problem, in words. share: of what `found` counts, or None."""

    code: str
    severity: Severity
    count: int
    share: float | None
    found: str
    effect: str
    advice: str
    samples: list[Sample]
    title: str

    def hashes(self, kind: Literal["user", "session"]) -> set[int]:
        """Of which ids the names are wanted."""
        return {s[kind] for s in self.samples if isinstance(s.get(kind), int)}

    def named(self, names: Mapping[int, str]) -> "Finding":
        """With ids in place of their hashes. names: hash -> id."""
        samples = [
            {k: names.get(v, f"#{v:x}") if k in NAMED and isinstance(v, int) else v for k, v in sample.items()}
            for sample in self.samples
        ]
        return replace(self, samples=samples)

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"message": f"{self.found} {self.effect} {self.advice}"}


def finding(
    code: str,
    severity: Severity,
    count: int,
    *,
    share: float | None = None,
    samples: Sequence[Sample] = (),
    case: str | None = None,
    **fields: object,
) -> Finding:
    """The finding in its words: `case` picks those that read differently, `fields` go where braces are."""
    words = words_of(code, case)
    fields |= {"count": count, "share": "" if share is None else percent(share)}
    fields = {name: Count(value) if isinstance(value, int) else value for name, value in fields.items()}
    found, effect, advice = (text.format(**fields) for text in (words.found, words.effect, words.advice))
    return Finding(code, severity, count, share, found, effect, advice, list(samples[:SAMPLES]), words.title)


def grade(share: float, most: float) -> Severity:
    """What is harmless up to a share of `most`."""
    return "warn" if share > most else "note"


@dataclass(frozen=True)
class Verdict:
    """What to do now: in a word, and in a sentence."""

    level: Literal["ready", "look", "stop"]
    text: str


def verdict(found: Sequence[Finding]) -> Verdict:
    stops = [f.title for f in found if f.severity == "stop"]
    warnings = [f.title for f in found if f.severity == "warn"]
    if stops:
        return Verdict("stop", f"do not train yet: {'; '.join(stops)}")
    if warnings:
        return Verdict("look", f"train, but look at: {'; '.join(warnings)}")
    return Verdict("ready", "ready to train")
