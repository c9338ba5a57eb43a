"""The figures on a given test as text: a table for each question, and the facts below."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from index.report import METRICS, MODEL, RANKED_TASKS
from training.evaluation.tables import interval
from training.given.report import GivenReport

TITLES = {"T1": "From the last item (T1: score=next)", "T2": "From the whole prefix (T2: recommend)"}


def given_tables(report: GivenReport) -> list[Table]:
    """One rich table a question."""
    found = []
    for task in RANKED_TASKS:
        table = Table(
            title=TITLES[task], title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
        )
        for name in ("method", *METRICS):
            table.add_column(name, justify="left" if name == "method" else "right", min_width=13)
        for row in report.tasks.T1 if task == "T1" else report.tasks.T2:
            cells = [interval(row.of(metric)) for metric in METRICS]
            table.add_row(row.method, *cells, style="bold" if row.method == MODEL else None)
        found.append(table)
    return found


def given_facts(report: GivenReport) -> str:
    """The lines below the tables."""
    of_prefixes = max(1, report.prefixes)
    lines = [
        f"{report.test}, a {report.form}: {report.prefixes:,} prefixes of {report.sessions:,} sessions, all of them, "
        f"answered by version {report.version}.",
        f"Unknown targets: {report.unknown_targets:,} ({report.unknown_targets / of_prefixes:.1%}), each a miss. "
        f"Prefixes without any known item: {report.unknown_prefixes:,} ({report.unknown_prefixes / of_prefixes:.1%}), "
        "answered with the most popular items.",
        f"Repeats: {report.immediate_repeat_share:.1%} of the targets are the last item of their prefix, "
        f"{report.repeat_share:.1%} are anywhere in it; all are asked for. {_treated(report)}",
    ]
    if report.rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.rejected.items())
        lines.append(f"Rows that are not events: {reasons}.")
    return "\n".join([*lines, "± is half of a 95 % interval, over sessions."])


def _treated(report: GivenReport) -> str:
    if report.last_may_return:
        return "The last item may return in T2; in T1 an item is never its own answer, so these are misses."
    return "The last item may not return, so these targets are misses."
