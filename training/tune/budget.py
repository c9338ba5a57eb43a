"""How long a search may take: a time, as a person writes it, and a number of trials."""

import re
from dataclasses import dataclass

from index.errors import ConfigError

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Budget:
    """seconds: of all work, over all runs of one search. trials: how many at most; None: any number."""

    seconds: float
    trials: int | None = None

    def share(self, seconds: float, trials: int) -> float:
        """How much of the budget so many seconds and trials are, 0 to 1."""
        most = max(seconds / self.seconds, trials / self.trials if self.trials is not None else 0.0)
        return min(1.0, most)

    def within(self, other: "Budget") -> bool:
        """Whether the other allows at least as much."""
        fewer = other.trials is None or (self.trials is not None and self.trials <= other.trials)
        return self.seconds <= other.seconds and fewer


def budget_of(text: str, trials: int | None = None) -> Budget:
    """From `90s`, `20m`, `1.5h` or plain seconds. Raises ConfigError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", text)
    seconds = float(match[1]) * SECONDS[match[2]] if match else 0.0
    if not seconds:
        raise ConfigError(f"--budget {text!r} is not a length of time: give 90s, 20m, 2h, or seconds")
    if trials is not None and trials < 1:
        raise ConfigError(f"--trials must be at least 1, not {trials}")
    return Budget(seconds, trials)


def duration_text(seconds: float) -> str:
    """For people: 45 s, 20 minutes, 2.5 hours."""
    for unit, name in ((3600, "hour"), (60, "minute")):
        if seconds >= unit:
            count = f"{seconds / unit:.1f}".removesuffix(".0")
            return f"{count} {name}" + ("" if count == "1" else "s")
    return f"{seconds:.0f} s"
