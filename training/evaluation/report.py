"""The evaluation report as text: tables for a terminal and for Markdown."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

LEAST = {"method": 13, "item2vec ahead by (hr@20)": 25}  # columns a cell needs so as not to be cut

TITLES = {
    "T1": "What comes after an item (T1: score=next)",
    "T2": "What comes next in a session (T2: recommend)",
    "T3": "Are neighbours alike (T3: score=similar)",
}
FIGURES = {
    "T1": ("hr@10", "hr@20", "mrr@20", "ndcg@10"),
    "T2": ("hr@10", "hr@20", "mrr@20", "ndcg@10"),
    "T3": ("shared_category@10", "jaccard@10"),
}


def rows_of(report: dict[str, Any], task: str, brief: bool = False) -> tuple[list[str], list[list[str]]]:
    """(column names, cells) of one task's table, the published model first. brief: what fits a terminal."""
    figures = tuple(name for name in FIGURES[task] if not (brief and name == "hr@10"))
    header = ["method", *figures]
    rows = report["tasks"].get(task, [])
    wanted = ("new_items",) if brief else ("cold_hr@20", "new_items")
    extra = [name for name in wanted if any(name in row for row in rows)]
    header += [{"cold_hr@20": "cold hr@20", "new_items": "new items hr@20"}[name] for name in extra]
    if any("behind_item2vec" in row for row in rows):
        header.append("item2vec ahead by (hr@20)")
    cells = []
    for row in rows:
        line = [row["method"], *(interval(row[name]) for name in figures)]
        for name in extra:
            found = row.get(name)
            line.append(interval(found["hr@20"] if isinstance(found, dict) else found) if found else "")
        if header[-1].startswith("item2vec ahead"):
            behind = row.get("behind_item2vec")
            line.append(difference(behind["hr@20"]) if behind else "")
        cells.append(line)
    return header, cells


def interval(figure: Sequence[float]) -> str:
    """.171 ±.005: the mean and half of its 95 % interval."""
    mean, low, high = figure
    return f"{mean:.3f} ±{(high - low) / 2:.3f}"


def difference(figure: Sequence[float]) -> str:
    mean, low, high = figure
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"


def tables(report: dict[str, Any]) -> list[Table]:
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
            table.add_row(*line, style="bold" if line[0] == "item2vec" else None)
        found.append(table)
    return found


def markdown(report: dict[str, Any], task: str) -> str:
    header, cells = rows_of(report, task)
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(line) + " |" for line in cells)])


def facts(report: dict[str, Any]) -> str:
    """The lines below the tables."""
    split = report["split"]
    lines = [
        f"{report['prefixes']:,} prefixes of {report['sessions']:,} held-out sessions (split by {split['kind']}); "
        f"{split['train_sessions']:,} sessions trained on, {split['items']:,} items; "
        f"{split['unknown_targets']:,} targets left out because training does not know them.",
        f"Repeats: {report['repeat_share']:.1%} of the targets are already in their prefix; "
        f"cold: {report['cold_share']:.1%} were seen at most 10 times. "
        f"Coverage@10 {report['coverage@10']:.1%}, Gini@10 {report['gini@10']:.2f}. ± is half of a 95 % interval.",
    ]
    for point in report.get("conversions", []):
        if point["clicks_left"] in (1, 2, 5, 10, 17):
            ranks = ", ".join(f"{m} {v['median_rank']:.0f}" for m, v in point.items() if isinstance(v, dict))
            lines.append(f"Median rank of the converted item {point['clicks_left']} clicks before: {ranks}")
    lines.append(report["advice"])
    return "\n".join(lines)
