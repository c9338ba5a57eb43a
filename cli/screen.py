"""What the commands print: ranked lists, explanations, reports and versions, for people or as JSON."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from index.artifact.manifest import ImportFacts, Manifest
from index.artifact.registry import Registry
from index.model import Model, Score
from index.ranked import Ranked
from index.ranking.rank import SIMILARITIES, Ranking
from index.report import RANKED_TASKS, Report
from index.visible import say, say_json
from index.why.explanation import Explanation
from training.evaluation.advice import lost
from training.evaluation.tables import facts, tables
from training.terminal import Screen, screen

if TYPE_CHECKING:
    from training.pipeline.publish import Outcome


def show_neighbours(model: Model, item: str, k: int, score: Score, as_json: bool = False) -> None:
    words = {"similar": "similar to", "next": "comes with or after"}[score]
    title = f"{words} {model.catalogue.title(item)}"
    show(model, title, model.neighbours(item, k, score), as_json, item=item, score=score)


def show(model: Model, title: str, found: Sequence[Ranked], as_json: bool, **given: Any) -> None:
    """given: what was asked, which the JSON begins with."""
    ranked = list(enumerate(found, 1))
    if as_json:
        items = [{"item_id": r.item, "score": round(r.score, 6), "rank": n, "title": r.title} for n, r in ranked]
        answer = {**given, "model_version": model.manifest.version, "items": items}
        say_json(answer)
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("", "item", "title", "category", "score"):
        table.add_column(name, justify="right" if name in ("", "score") else "left")
    for n, r in ranked:
        table.add_row(str(n), r.item, r.title, model.catalogue.category(r.item) or "", f"{r.score:.3f}")
    screen().print(table)


def show_ranking(model: Model, found: Ranking, as_json: bool) -> None:
    items = found.items
    if as_json:
        shown = [
            {
                "item_id": one.item,
                "score": None if one.score is None else round(one.score, 6),
                "rank": place if one.item in model.vocabulary else None,
                "title": model.catalogue.title(one.item),
                "similarities": {n: None if v is None else round(v, 6) for n, v in one.similarities.items()},
            }
            for place, one in enumerate(items, 1)
        ]
        say_json({"unknown": found.unknown, "model_version": model.manifest.version, "items": shown})
        return
    named = [name for name in SIMILARITIES if any(one.similarities[name] is not None for one in items)]
    title = "ranked by what was done"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("", "item", "title", "score", *named):
        table.add_column(name, justify="left" if name in ("item", "title") else "right")
    for place, one in enumerate(items, 1):
        values = ["" if v is None else f"{v:.3f}" for v in (one.score, *(one.similarities[name] for name in named))]
        table.add_row(str(place), one.item, model.catalogue.title(one.item), *values)
    screen().print(table)
    if found.unknown:
        say(f"without a vector: {', '.join(found.unknown)}", sys.stderr)


def show_explanation(model: Model, found: Explanation) -> None:
    say("\n".join(found.sentences(model.catalogue.title(found.item), model.catalogue.title(found.candidate))))


def show_report(console: Screen, report: Report) -> None:
    for line in lost(report.tasks):
        console.print(line, style="bold red")
    for table in tables(report):
        console.print(table)
    console.print(facts(report), soft_wrap=not console.is_terminal)


def show_outcome(console: Screen, outcome: "Outcome", models: Path, advice: str | None = None) -> int:
    """What became of a run; the status: 0, or 3 where the gate kept the version back."""
    gate, version = outcome.gate, outcome.version
    # Said when the log was read, and scrolled away since.
    for finding in outcome.manifest.data.findings:
        console.print(f"Warning: {finding.found} {finding.advice}")
    if outcome.rejects is not None:
        console.print(f"Rows that could not be events: {outcome.rejects}")
    if advice:
        console.print(advice)
    for note in gate.notes:
        console.print(f"The gate: {note}.")
    if not gate.accepted:
        console.print(f"Version {version} was kept but not made current: {'; '.join(gate.reasons)}.")
        console.print(f"To make it current all the same: item2vec models activate {version} --models {models}")
        return 3
    if outcome.current:
        forced = " by force, although " + "; ".join(gate.reasons) if gate.forced else ""
        console.print(f"Version {version} is current{forced}.")
    else:
        console.print(f"Version {version} was published. Another one, activated meanwhile, stays current.")
    return 0


def show_import(console: Screen, facts: ImportFacts) -> None:
    zero = f", {facts.zero:,} of them all zeros, which are like nothing" if facts.zero else ""
    console.print(f"{facts.vectors:,} vectors of {facts.dims} numbers ({facts.kind}, {facts.dtype}){zero}.")
    console.print(f"Similar: {'inner product' if facts.metric == 'dot' else 'cosine'}. Next: {facts.next}.")
    if facts.in_log is not None:
        console.print(
            f"{facts.in_log:,} items are in both; {facts.log_only:,} items of the log have no vector "
            f"({facts.log_only_events:,} events); {facts.vectors_only:,} vectors are of items that are not in the log."
        )


def show_update(console: Screen, manifest: Manifest) -> None:
    facts = manifest.update
    assert facts is not None
    console.print(
        f"Added to version {facts.base}: {facts.events} events in {facts.sessions} sessions, {facts.items} items are "
        f"new. Settings and weights are those of version {facts.whole}, the last whole training; {facts.tokens_since} "
        f"events came to its {facts.tokens_whole} since."
    )
    if facts.known_before:
        console.print(f"{facts.known_before} rows were left out: they are not later than version {facts.base}.")
    if facts.foretold:
        told = ", ".join(f"{task} {share:.3f}" for task, share in facts.foretold.items())
        console.print(f"HR@20 of version {facts.base} on the new sessions, before it had seen them: {told}.")


def show_versions(registry: Registry, as_json: bool) -> None:
    current, manifests = registry.current(), registry.manifests()
    if as_json:
        written = [m.model_dump(mode="json", exclude={"files"}) for m in manifests]
        versions = [{"current": fields["version"] == current, **fields} for fields in written]
        say_json({"current": current, "versions": versions})
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
    console = screen()
    console.print(table if manifests else "no versions yet: train one with `item2vec train`")
    for m in manifests:
        if m.gate is not None and m.gate.reasons:
            console.print(f"{m.version}: {'; '.join(m.gate.reasons)}", soft_wrap=not console.is_terminal)
