"""What the commands print: ranked lists, explanations, reports and versions, for people or as JSON."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from index.model import Explanation, Model, Ranked
from training.evaluation.report import facts, tables


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


def sentences(model: Model, found: Explanation) -> list[str]:
    a, b = model.catalogue.title(found.item), model.catalogue.title(found.candidate)
    lines = [f"{a}  and  {b}"]
    pair = found.pair
    if pair is not None and pair.sessions:
        last = f", last on {day(pair.last)}" if pair.last else ""
        more = f"{pair.lift:.1f} times more often than" if pair.lift >= 1 else f"{pair.lift:.2f} times as often as"
        lines.append(f"Together in {pair.sessions:,} sessions, {more} chance{last}.")
        lines.append(
            f"The first came before the second in {pair.first_before:,} of them, after it in {pair.second_before:,}, "
            f"{pair.distance:.1f} steps apart on average."
        )
    elif pair is not None:
        lines.append(f"Never together in a session ({pair.expected:.1f} sessions would be chance).")
    for name, place in (("similar", found.similar), ("next", found.next)):
        if place is not None:
            lines.append(f"By {name} the second is rank {place[1]:,} for the first (score {place[0]:.3f}).")
    for name, reason in found.missing.items():
        lines.append(f"Not among the neighbours by {name}: {reason}." if name != "vector" else f"No vector: {reason}.")
    return lines


def day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def show_report(console: Console, report: dict[str, Any]) -> None:
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
        tasks = m.metrics.get("tasks", {})
        figures = [f"{tasks[t][0]['hr@20'][0]:.3f}" if tasks.get(t) else "" for t in ("T1", "T2")]
        gate = "" if m.gate is None else "forced" if m.gate.forced else "accepted" if m.gate.accepted else "rejected"
        mark = "current" if m.version == current else ""
        table.add_row(m.version, mark, f"{m.data.items:,}", f"{m.data.sessions:,}", *figures, gate)
    screen().print(table if manifests else "no versions yet: train one with `item2vec train`")
