"""What the commands print: ranked lists, explanations, reports and versions, for people or as JSON."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from index.explanation import Explanation
from index.model import Model, Ranked
from index.report import RANKED_TASKS, Report
from training.evaluation.tables import facts, tables


def show(model: Model, title: str, found: Sequence[Ranked], as_json: bool, **given: Any) -> None:
    if as_json:
        items = [
            {"item_id": r.item, "score": round(r.score, 6), "rank": rank, "title": r.title}
            for rank, r in enumerate(found, 1)
        ]
        print(
            json.dumps(given | {"model_version": model.manifest.version, "items": items}, ensure_ascii=False, indent=1)
        )
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("", "item", "title", "category", "score"):
        table.add_column(name, justify="right" if name in ("", "score") else "left")
    for rank, r in enumerate(found, 1):
        category = model.catalogue.category(r.item) or ""
        table.add_row(str(rank), r.item, r.title, category, f"{r.score:.3f}")
    screen().print(table)


def show_explanation(model: Model, found: Explanation) -> None:
    print("\n".join(found.sentences(model.catalogue.title(found.item), model.catalogue.title(found.candidate))))


def show_report(console: Console, report: Report) -> None:
    for table in tables(report):
        console.print(table)
    console.print(facts(report), soft_wrap=not console.is_terminal)


def screen() -> Console:
    """Standard output; where it is no terminal, wide enough that no table is cut."""
    width = None if sys.stdout.isatty() else 120
    return Console(highlight=False, width=width)


def show_versions(registry: Any, as_json: bool) -> None:
    current = registry.current()
    manifests = registry.manifests()
    if as_json:
        versions = [
            {"current": m.version == current, **m.model_dump(mode="json", exclude={"files"})} for m in manifests
        ]
        print(json.dumps({"current": current, "versions": versions}, indent=1))
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("version", "", "items", "sessions", "T1 hr@20", "T2 hr@20", "gate"):
        table.add_column(name)
    for m in manifests:
        own = [m.metrics and m.metrics.tasks.row(task) for task in RANKED_TASKS]
        figures = [f"{row.hr20.mean:.3f}" if row else "" for row in own]
        gate = "" if m.gate is None else "forced" if m.gate.forced else "accepted" if m.gate.accepted else "rejected"
        mark = "current" if m.version == current else ""
        table.add_row(m.version, mark, f"{m.data.items:,}", f"{m.data.sessions:,}", *figures, gate)
    screen().print(table if manifests else "no versions yet: train one with `item2vec train`")
