"""The evaluation report as text: tables for a terminal and for Markdown."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from index.report import METRICS, MODEL, Figure, RepeatFacts, Report, SplitFacts, Task

AHEAD = "item2vec ahead by (hr@20)"
LEAST = {"method": 13, AHEAD: 25}  # columns a cell needs so as not to be cut

TITLES: dict[Task, str] = {
    "T1": "What comes after an item (T1: score=next)",
    "T2": "What comes next in a session (T2: recommend)",
    "T3": "Are neighbours alike (T3: score=similar)",
}
MANY = 0.1  # share of unknown targets from which on it is said what to do
CLICKS = (1, 2, 5, 10, 17)  # points of the curve of conversions that are told


def rows_of(report: Report, task: Task, brief: bool = False) -> tuple[list[str], list[list[str]]]:
    """(column names, cells) of one task's table, the published model first; no cells where nothing was measured.

    brief: what fits a terminal.
    """
    columns: dict[str, Sequence[str]]
    if task == "T3":
        alike = report.tasks.T3 or ()
        columns = {
            "method": [row.method for row in alike],
            "shared_category@10": [interval(row.shared_category10) for row in alike],
            "jaccard@10": [interval(row.jaccard10) for row in alike],
        }
    else:
        rows = report.tasks.rows(task)
        columns = {"method": [row.method for row in rows]}
        columns |= {
            name: [interval(row.of(name)) for row in rows] for name in METRICS if not (brief and name == "hr@10")
        }
        cold = {"cold hr@20": [interval(row.cold_hr20) for row in rows]}
        new = {"new items hr@20": [interval(row.new_items.hr20 if row.new_items else None) for row in rows]}
        ahead = {AHEAD: [difference(row.behind_item2vec.hr20 if row.behind_item2vec else None) for row in rows]}
        for extra in (*(() if brief else (cold,)), new, ahead):
            columns |= {name: cells for name, cells in extra.items() if any(cells)}
    return list(columns), [list(line) for line in zip(*columns.values(), strict=True)]


def interval(figure: Figure | None) -> str:
    """.171 ±.005: the mean and half of its 95 % interval; empty for None."""
    return "" if figure is None else f"{figure.mean:.3f} ±{(figure.high - figure.low) / 2:.3f}"


def difference(figure: Figure | None) -> str:
    """+.017 (+.010 to +.024): with the ends of its 95 % interval; empty for None."""
    return "" if figure is None else f"{figure.mean:+.3f} ({figure.low:+.3f} to {figure.high:+.3f})"


def _share_of(split: SplitFacts) -> str:
    """Of all targets, those that training does not know; and, where it is many, what would change it."""
    if not split.targets:
        return ""
    share = split.unknown_targets / split.targets
    hint = "; --min-item-count 1 would keep what occurs at all" if share > MANY else ""
    return f" ({share:.1%}{hint})"


def _repeats(found: RepeatFacts) -> str:
    """What became of immediate repeats."""
    kept = "are trained on" if found.kept else "count once"
    returns = "may come back" if found.last_may_return else "never comes back"
    return (
        f"Immediate repeats: {found.share:.1%} of the next events of the log are of the item just before. They {kept}; "
        f"the last item of a session {returns} as a recommendation."
    )


def tables(report: Report) -> list[Table]:
    """One rich table a task."""
    found = []
    for task, title in TITLES.items():
        header, cells = rows_of(report, task, brief=True)
        if not cells:
            continue
        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for name in header:
            # Headers wrap, figures do not: the widest table fits 110 columns.
            table.add_column(name, justify="left" if name == "method" else "right", min_width=LEAST.get(name, 12))
        for line in cells:
            table.add_row(*line, style="bold" if line[0] == MODEL else None)
        found.append(table)
    return found


def markdown(report: Report, task: Task) -> str:
    header, cells = rows_of(report, task)
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(line) + " |" for line in cells)])


def facts(report: Report) -> str:
    """The lines below the tables."""
    split = report.split
    lines = [
        f"{report.prefixes:,} prefixes of {report.sessions:,} held-out sessions (split by {split.kind}); "
        f"{split.train_sessions:,} sessions trained on, {split.items:,} items; "
        f"{split.unknown_targets:,} targets{_share_of(split)} left out because training does not know them.",
        f"Repeats: {report.repeat_share:.1%} of the targets are already in their prefix; "
        f"cold: {report.cold_share:.1%} were seen at most 10 times. "
        f"Coverage@10 {report.coverage10:.1%}, Gini@10 {report.gini10:.2f}. ± is half of a 95 % interval.",
    ]
    if report.repeats is not None:
        lines.append(_repeats(report.repeats))
    for point in report.conversions:
        if point.clicks_left in CLICKS:
            ranks = ", ".join(f"{name} {found.median_rank:.0f}" for name, found in point.methods.items())
            lines.append(f"Median rank of the converted item {point.clicks_left} clicks before: {ranks}")
    return "\n".join([*lines, report.advice])
