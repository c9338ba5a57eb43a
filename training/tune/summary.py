"""The report of a search as values: kept in the workspace, printed with --json, and shown as a page."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from index.record import Record
from training.config import TrainConfig
from training.tune.budget import Budget
from training.tune.effects import Effect, effects_of
from training.tune.final import Ahead, Final
from training.tune.search import Search
from training.tune.switches import SwitchRow

TOP = 5


class TopRow(Record):
    """One of the best trials of the search. changes: settings that differ from the defaults. value: what was maximised;
    vectors, blend: its two halves. seconds: of the trial."""

    trial: int
    changes: dict[str, Any]
    value: float
    seconds: float
    vectors: float
    blend: float


class FinalRow(Record):
    """A setting that was trained again at the end. both: the mean of vectors and blend."""

    trial: int
    changes: dict[str, Any]
    vectors: float
    blend: float
    both: float


class TuneReport(Record):
    """tried     trials that ended: completed, or left early (reason -> trials)
    skipped   reason -> points that were drawn and not tried; interrupted: trials that a kill ended
    seconds   of all work, over all runs
    searched  names of the settings; given: those that were fixed, with their values
    finals    the best and the defaults, trained again
    best, defaults    two of those; defaults is None where they could not be trained
    ahead     how far the best is ahead of the defaults, None without them
    top       the best trials of the search
    moved     what each setting did, the largest effect first
    switches  what the log says beyond order: how far each switch is ahead, and whether it is on; empty unless asked for
    config    the settings to train with
    sessions  before the validation part; searched_on: those of them the search used; prefixes: questions
    file, report      where these settings and this report were written
    """

    tried: int
    completed: int
    left: dict[str, int]
    skipped: dict[str, int]
    interrupted: int
    seconds: float
    searched: list[str]
    given: dict[str, Any]
    finals: list[FinalRow]
    best: FinalRow
    defaults: FinalRow | None
    ahead: Ahead | None
    top: list[TopRow]
    moved: list[Effect]
    config: TrainConfig
    sessions: int
    searched_on: int
    prefixes: int
    budget: Budget
    switches: list[SwitchRow] = Field(default_factory=list)
    file: str = ""
    report: str = ""


def summary(
    search: Search,
    finals: Sequence[Final],
    best: Final,
    ahead: Ahead | None,
    config: TrainConfig,
    budget: Budget,
    switches: Sequence[SwitchRow] = (),
    **sizes: int,
) -> TuneReport:
    """config: the settings to train with. budget: that was allowed in all. sizes: sessions, searched_on and
    prefixes."""
    study, space = search.study, search.space
    done = study.done()
    judged = [(t, search.settings(t)) for t in done if t.value is not None]
    top = sorted(judged, key=lambda pair: -(pair[0].value or 0.0))[:TOP]
    rows = [FinalRow(trial=f.number, changes=space.changes(f.settings), **f.figures()) for f in finals]
    return TuneReport(
        tried=len(done),
        completed=len(judged),
        left=study.left(),
        skipped=study.skipped(),
        interrupted=study.interrupted(),
        seconds=round(study.used, 1),
        searched=list(space.ranges),
        given={name: getattr(space.base, name) for name in sorted(space.base.model_fields_set)},
        finals=rows,
        best=next(r for r in rows if r.trial == best.number),
        defaults=next((r for r in rows if not r.changes), None),
        ahead=ahead,
        top=[
            TopRow(
                trial=t.number,
                changes=space.changes(settings),
                value=t.value,
                seconds=t.seconds,
                vectors=t.facts["vectors"],
                blend=t.facts["blend"],
            )
            for t, settings in top
        ],
        moved=effects_of([(space.plain(settings), t.value or 0.0) for t, settings in judged]),
        config=config,
        budget=budget,
        switches=list(switches),
        **sizes,
    )
