"""The report of a search as a page for a terminal, and as lines for a file."""

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from index.report import RANKED_TASKS, Figure, Tasks
from training.config import TrainConfig, TrainerConfig
from training.tune.budget import duration_text
from training.tune.effects import value_text

if TYPE_CHECKING:  # optuna stays away from `item2vec train`, which needs only the hint
    from training.tune.summary import TuneReport
    from training.tune.switches import SwitchRow

JUDGED = "NDCG@20 on validation, the mean of four: after an item and in a session, vectors alone and with counts"


def changes_text(changes: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value_text(value)}" for name, value in changes.items()) or "the defaults"


def page(report: "TuneReport") -> RenderableType:
    """For a terminal of 80 to 100 columns."""
    top = _table(f"The best of {report.completed} trials", "trial", "settings", "value", "vectors", "blend", "s")
    for row in report.top:
        figures = [figure(value) for value in (row.value, row.vectors, row.blend)]
        top.add_row(str(row.trial), changes_text(row.changes), *figures, f"{row.seconds:.1f}")
    final = _table("Trained again on all sessions, with another seed", "trial", "settings", "value", "vectors", "blend")
    for again in sorted(report.finals, key=lambda row: -row.both):
        figures = [figure(value) for value in (again.both, again.vectors, again.blend)]
        final.add_row(str(again.trial), changes_text(again.changes), *figures)
    which = _table("Which setting moved what", "setting", "values", "trials", "effect", "median", "best")
    for effect in report.moved:
        for i, group in enumerate(effect.groups):
            figures = [f"{group.effect:+.4f}", figure(group.median), figure(group.best)]
            which.add_row("" if i else effect.setting, group.values, str(group.trials), *figures)
    beyond = _table("What the log says beyond order, alone on the best settings", "settings", "ahead", "again", "on")
    for switch in report.switches:
        other = "" if switch.again is None else difference(switch.again)
        beyond.add_row(switch_text(switch), difference(switch.ahead), other, "yes" if switch.on else "no")
    return Group(top, final, which, *([beyond] if report.switches else []), Text(facts(report)))


def switch_text(switch: "SwitchRow") -> str:
    """walks 5"""
    return changes_text({name: value for values in switch.settings.values() for name, value in values.items()})


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, justify="left" if name in ("settings", "setting", "values") else "right")
    return table


def figure(value: float) -> str:
    return f"{value:.4f}"


def facts(report: "TuneReport") -> str:
    """The lines below the tables."""
    on = "all" if report.searched_on == report.sessions else f"{report.searched_on:,} of the"
    duration = duration_text(report.seconds)
    lines = [
        f"{report.tried} trials in {duration} on {on} {report.sessions:,} sessions before the validation part, "
        f"judged on {report.prefixes:,} of its prefixes. Value: {JUDGED}. The test part was not looked at."
    ]
    for verb, reasons in (("Left early", report.left), ("Skipped", report.skipped)):
        if reasons:
            lines.append(f"{verb}: " + ", ".join(f"{count} {reason}" for reason, count in reasons.items()) + ".")
    if report.interrupted:
        lines.append(f"Interrupted by a kill: {report.interrupted}.")
    return "\n".join([*lines, verdict(report)])


def verdict(report: "TuneReport") -> str:
    """The best against the defaults, in a sentence."""
    best, defaults = report.best, report.defaults
    if defaults is None:
        return f"The defaults could not be trained; the best reached {best.both:.4f}."
    if not best.changes:
        alone = [row.trial for row in report.finals if row.both > defaults.both]
        if alone:
            return (
                f"The defaults ({defaults.both:.4f}) are kept: trial {alone[0]} has better vectors, but is worse "
                "blended with counts, as it would be published."
            )
        return f"Nothing that was tried is better than the defaults ({defaults.both:.4f})."
    ahead = report.ahead
    assert ahead is not None  # there are defaults
    doubt = "" if ahead.both.low > 0 else "; that may be chance"
    return (
        f"Defaults {defaults.both:.4f}, best {best.both:.4f}: ahead by {difference(ahead.both)}{doubt}; "
        f"vectors alone by {difference(ahead.vectors)}, blended with counts by {difference(ahead.blend)}. "
        f"Best: {changes_text(best.changes)}."
    )


def difference(interval: Figure) -> str:
    mean, low, high = interval
    return f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"


def preface(report: "TuneReport") -> str:
    """The comment at the top of the file."""
    lines = [
        f"Found by `item2vec tune` in {report.tried} trials on {report.searched_on:,} sessions.",
        verdict(report),
        f"Value: {JUDGED}.",
        *(f"On, as it pays: {switch_text(s)}, ahead by {difference(s.ahead)}." for s in report.switches if s.on),
    ]
    return "".join(f"# {line}\n" for line in lines) + "\n"


def hint(config: TrainConfig, tasks: Tasks) -> str:
    """After a training with the default settings: what a search could try; empty after any other.

    tasks: of the evaluation. A baseline that is ahead of the model beyond its interval is named too.
    """
    settings = config.trainer
    same = {"engine": settings.engine, "workers": settings.workers, "warm_start": settings.warm_start}
    if settings != TrainerConfig.model_validate(same):
        return ""
    text = (
        "Trained with the default settings. `item2vec tune`, with the same flags and --to FILE, searches window, "
        "direction, negatives, epochs and step size on this log for 20 minutes, or as long as --budget says."
    )
    rows = [row for task in RANKED_TASKS for row in tasks.rows(task)]
    better = {row.method for row in rows if row.behind_item2vec and row.behind_item2vec.ndcg10.high < 0}
    if better:
        text += f" It may be worth it: {', '.join(sorted(better))} did better than this model."
    return text
