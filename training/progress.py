"""How far the work is: a bar with rate and time left on a terminal, elsewhere one key=value line for each step."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from training.terminal import Screen, screen

log = logging.getLogger("item2vec")


class Step:
    """One step under way; this one tells nobody. share: of the work, 0 to 1. count: units done, where the total is not
    known. facts: what the step's line says besides."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def share(self, done: float) -> None: ...

    def count(self, done: int) -> None: ...


class Reporter(Protocol):
    """Where a run reports its progress. timings: seconds of each step that has ended."""

    timings: dict[str, float]

    def step(self, name: str, total: int | None = None, unit: str = "") -> AbstractContextManager[Step]: ...

    def note(self, event: str, **facts: Any) -> None: ...


class LogReporter:
    """Lines of key=value through logging."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        step, started = Step(), time.perf_counter()
        yield step
        self.timings[name] = round(time.perf_counter() - started, 3)
        self.note(name, **step.facts, seconds=self.timings[name])

    def note(self, event: str, **facts: Any) -> None:
        log.info("%s", line({"step": event} | facts))


class BarReporter:
    """Progress bars by rich, on standard error; one finished line stays per step."""

    def __init__(self, console: Screen) -> None:
        self.timings: dict[str, float] = {}
        self._console = console

    @contextmanager
    def step(self, name: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        started = time.perf_counter()
        columns = (TextColumn("{task.description:<12}"), BarColumn(), _Rate(unit), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            step = _BarStep(progress, progress.add_task(name, total=total or 1.0), total)
            yield step
        self.timings[name] = round(time.perf_counter() - started, 3)
        self.note(name, **step.facts, seconds=self.timings[name])

    def note(self, event: str, **facts: Any) -> None:
        text = Text(f"{event:<12}", style="bold")
        text.append("  ".join(f"{name} {short(value)}" for name, value in facts.items()), style="default")
        self._console.print(text)


class _BarStep(Step):
    def __init__(self, progress: Progress, task: TaskID, total: int | None) -> None:
        super().__init__()
        self._progress, self._task, self._total = progress, task, total

    def share(self, done: float) -> None:
        self._progress.update(self._task, completed=done * (self._total or 1.0))

    def count(self, done: int) -> None:
        if self._total is None:
            self._progress.update(self._task, total=None)
        self._progress.update(self._task, completed=done)


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        if self._unit and task.speed:
            return Text(f"{short(task.completed)} {self._unit}, {short(task.speed)}/s")
        return Text(f"{task.percentage:3.0f} %" if task.total else "")


def reporter() -> Reporter:
    """Bars on a terminal, lines elsewhere."""
    if sys.stderr.isatty():
        return BarReporter(screen(errors=True))
    return LogReporter()


def line(facts: dict[str, Any]) -> str:
    """key=value pairs; values with spaces are quoted."""
    texts = {name: format(value, ".6g") if isinstance(value, float) else str(value) for name, value in facts.items()}
    return " ".join(f'{name}="{text}"' if " " in text or not text else f"{name}={text}" for name, text in texts.items())


def short(value: Any) -> str:
    """A number a person reads at a glance: 1.2 M, 45.1 k, 0.991."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (limit if unit != 'k' else 1e3):.1f} {unit}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
