"""An examination as a page for a terminal of 80 to 100 columns."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from training.check.examination import AfterRules, Examination, Lengths, Rejected, Span
from training.check.findings import Finding, Sample
from training.check.forecast import Forecast
from training.check.metadata import Metadata
from training.check.offers.offer import Offer
from training.check.text import many, number, percent
from training.progress import short

WIDTH = 100
BAR = 15
MOST_FIELDS = 20
EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
STYLES = {"stop": "bold red", "warn": "bold yellow", "note": "bold cyan", "look": "bold yellow", "ready": "bold green"}
# How each rule's count reads; counts of events stand in brackets behind that of their users, items or sessions.
RULES = {
    "other_type": ("events", "of other --event-types"),
    "short_dwell": ("events", "below --min-dwell"),
    "bot_users": ("users", "above --max-user-events"),
    "repeats": ("events", "that repeat the item just before"),
    "rare_items": ("items", "below --min-item-count"),
    "short_sessions": ("sessions", "below --min-length"),
    "unknown_users": ("users", "who are not known: each event is a session of its own"),
    "lost_dislikes": ("dislikes", "of items below --min-item-count, or in no session that is left"),
}
EVENTS_OF = {
    "bot_users": "bot_events",
    "rare_items": "rare_events",
    "short_sessions": "short_events",
    "unknown_users": "unknown_events",
}
CLOCKS = {"positions": "positions, not clock times", "counter": "a counter, not clock times", "same": "all the same"}
SPLITS = {
    "time": "the newest sessions",
    "session": "sessions drawn at random",
    "last": "the last item of every session",
}


class Page:
    """Wraps at the terminal's width or WIDTH, also on a console that was told not to wrap."""

    def __init__(self, *parts: RenderableType) -> None:
        self.parts = Group(*parts)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        width = min(options.max_width, WIDTH)
        yield from console.render(self.parts, options.update(width=width, no_wrap=False, overflow="fold"))


def page(found: Examination) -> Page:
    """A renderable of what `examine` found: facts, histogram, findings by severity, forecast, verdict."""
    parts: list[RenderableType] = [heading("The log"), facts(found)]
    if found.rows.rejected:
        parts += [heading("Rows that cannot be events"), rejected(found.rows.rejected)]
    if found.sessions:
        parts += [heading("Sessions by number of events"), histogram(found.lengths)]
    if found.after_rules is not None:
        parts += [heading("What is left to train on"), after_rules(found, found.after_rules)]
    if found.metadata is not None:
        parts += [heading("The metadata of the items"), metadata(found.metadata)]
    parts += [heading("Findings"), *(problem(f) for f in found.findings)]
    if not found.findings:
        parts.append(Text("  None. This log is ready to train on.\n"))
    if found.offers:
        parts += [Text("What this log says beyond order", style="bold"), *(offered(each) for each in found.offers)]
    if found.forecast is not None:
        parts += [Text("What training will take here", style="bold"), forecast(found.forecast), Text()]
    return Page(*parts, Text(f"Verdict: {found.verdict.text}.", style=STYLES[found.verdict.level]))


def heading(text: str) -> RenderableType:
    return Padding(Text(text, style="bold"), (1, 0, 0, 0))


def grid(*justify: Any) -> Table:
    """Columns that do not wrap, but for the last."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=0)
    for side in justify[:-1]:
        table.add_column(justify=side, no_wrap=True)
    table.add_column(justify=justify[-1])
    return table


def facts(found: Examination) -> Table:
    rows, median, repeats, files = found.rows, found.median, found.repeats, found.files
    events = max(found.events, 1)
    bad = sum(reason.rows for reason in rows.rejected.values()) / max(rows.read, 1)
    just_before, earlier = repeats.immediate / events, (repeats.in_session - repeats.immediate) / events
    again = f"{percent(just_before)} of all events repeat the item just before, {percent(earlier)} one further back"
    table = grid("left", "right", "left")
    for name, count, remark in (
        ("files", files.count, f"{files.bytes / 1e6:,.3g} MB: {', '.join(files.first[:1])}"),
        ("rows", rows.read, f"{percent(bad)} cannot be events" if bad else "all can be read"),
        ("events", found.events, span(found.time)),
        ("users", found.users, f"the median user has {many(median.user, 'event')}"),
        ("sessions", found.sessions, f"the median session has {many(median.session, 'event')}"),
        ("items", found.items, f"the median item has {many(median.item, 'event')}"),
        ("repeats", repeats.in_session, again),
    ):
        if found.events or name in ("files", "rows", "events"):
            table.add_row("", name, f"{count:,}", remark)
        if name == "files":
            for said in files.read_as:
                table.add_row("", "", "", Text(said))
    return table


def span(time: Span) -> str:
    if time.first is None or time.last is None:
        return ""
    if time.days is None or time.kind == "same":
        until = "" if time.kind == "same" else f" to {moment(time.last)}"
        return f"times are {CLOCKS[time.kind]}: {moment(time.first)}{until}"
    days = f"{time.days:,.0f} days" if time.days >= 10 else f"{time.days:.1f} days"
    return f"{moment(time.first)} to {moment(time.last)} UTC, {days}"


def moment(value: str | float) -> str:
    """To the minute; a position as it stands."""
    return value[:16].replace("T", " ") if isinstance(value, str) else number(round(value * 1e6))


def rejected(reasons: dict[str, Rejected]) -> Table:
    table = grid("left", "right", "left")
    for reason, found in sorted(reasons.items(), key=lambda r: -r[1].rows):
        shown = "\n".join(example(row) for row in found.samples)
        table.add_row("", reason.replace("_", " "), f"{found.rows:,}", Text(shown, style="dim"))
    return table


def example(row: Sample) -> str:
    """events-0003.csv, row 17: user 'u1', item 'i5', time 'yesterday'"""
    said = ", ".join(f"{name} {row[name]!r}" for name in ("user", "item", "time") if name in row)
    said = row.get("detail") or said or "nothing that can be read"
    return f"{str(row['file']).rsplit('/', 1)[-1]}, row {row['row']:,}: {said}"


def histogram(lengths: Lengths) -> Table:
    table = grid("right", "right", "left", "right", "left")
    table.add_row("", "events", "in the log", "", "after the rules", "", style="dim")
    tops = [max(1, *counts) for counts in (lengths.before, lengths.after)]
    for bucket, *counts in zip(lengths.buckets, lengths.before, lengths.after, strict=True):
        bars = [(f"{n:,}", bar(n / top)) for n, top in zip(counts, tops, strict=True)]
        table.add_row("", bucket, *bars[0], *bars[1])
    return table


def bar(share: float) -> Text:
    """Whole and eighth blocks; whatever is there shows."""
    eighths = max(round(share * BAR * 8), share > 0)
    return Text(("█" * (eighths // 8) + EIGHTHS[eighths % 8]).ljust(BAR), style="cyan")


def after_rules(found: Examination, after: AfterRules) -> Table:
    table, split = grid("left", "right", "left"), found.split
    kept, every = after.tokens / max(found.events, 1), after.items + after.rare_items
    table.add_row("", "events", f"{after.tokens:,}", f"{percent(kept)} of all")
    table.add_row("", "sessions", f"{after.sessions:,}", "")
    table.add_row("", "items", f"{after.items:,}", f"{percent(after.items / max(every, 1))} of all: they get vectors")
    removed = found.rows.left_out | after.removed
    for rule, (what, why) in RULES.items():
        if removed.get(rule):
            events = f" ({many(removed[EVENTS_OF[rule]], 'event')})" if rule in EVENTS_OF else ""
            table.add_row("", f"- {what}", f"{removed[rule]:,}", f"{why}{events}", style="dim")
    if removed.get("split_sessions"):
        table.add_row("", "split", f"{removed['split_sessions']:,}", "sessions longer than --max-length", style="dim")
    if split is not None:
        since = "" if split.since is None else f", from {moment(split.since)} on"
        table.add_row("", "held out", f"{split.test_sessions:,}", f"{SPLITS[split.kind]}{since}: to measure on")
    return table


def metadata(found: Metadata) -> Table:
    table = grid("left", "right", "left")
    fields = len(found.fields)
    matched = f"{percent(found.of_log / max(found.log_items, 1))} of the {many(found.log_items, 'item')} of the log"
    table.add_row("", "rows", f"{found.rows:,}", ", ".join(found.files[:1]))
    table.add_row("", "items", f"{found.items:,}", f"{found.in_log:,} of them are in the log")
    table.add_row("", "matched", f"{found.of_log:,}", matched)
    if found.unavailable:
        table.add_row("", "hidden", f"{found.unavailable:,}", "are not available")
    for field in found.fields[:MOST_FIELDS]:
        share = percent(field.filled / max(found.items, 1))
        table.add_row("", field.name, f"{field.filled:,}", f"{share} have it: {field.kind}", style="dim")
    if fields > MOST_FIELDS:
        table.add_row("", "", f"{fields - MOST_FIELDS:,}", "more fields", style="dim")
    return table


def problem(finding: Finding) -> RenderableType:
    head = Text(f"  {finding.severity:<6}", style=STYLES[finding.severity])
    head.append(finding.title, style="bold").append(f"  {finding.code}", style="not bold dim")
    # The examples of rejected rows have a table of their own.
    shown = [] if finding.code in ("rows_rejected", "no_events") else finding.samples
    body = Text(f"{finding.found} {finding.effect}\n").append(f"→ {finding.advice}", style="italic")
    body.append("".join(f"\n· {', '.join(f'{k} {plain(v)}' for k, v in row.items())}" for row in shown), style="dim")
    return Padding(Group(head, Padding(body, (0, 0, 0, 8))), (0, 0, 1, 0))


def offered(offer: Offer) -> RenderableType:
    body = Text(f"{offer.reason}.\n").append(f"→ {offer.line}", style="italic")
    return Padding(Group(Text(f"  {offer.switch}", style="bold"), Padding(body, (0, 0, 0, 8))), (0, 0, 1, 0))


def plain(value: Any) -> str:
    if isinstance(value, list):
        return " / ".join(plain(v) for v in value)
    if isinstance(value, str):
        return value if value.strip() == value != "" else repr(value)
    return f"{value:,}"


def forecast(plan: Forecast) -> Table:
    table = grid("left", "right", "left")
    if plan.minutes is not None:
        names = ", ".join(f"{t.name} {duration(t.minutes)}" for t in plan.trainings if t.minutes is not None)
        speed = f"a trial on {plan.trial_tokens:,} events read {short(plan.tokens_per_second)} a second"
        table.add_row("", "time", duration(plan.minutes), f"{len(plan.trainings)} trainings: {names}")
        more = "choosing, measuring and the lists of neighbours come on top, and can take longer"
        table.add_row("", "", "", f"({speed}; {more})", style="dim")
    table.add_row(
        "", "memory", f"{plan.memory_mb:,} MB", f"at most, while {plan.peak}; the machine has {plan.ram_mb:,} MB"
    )
    return table


def duration(minutes: float) -> str:
    if minutes < 1:
        return f"{minutes * 60:.0f} s" if minutes * 60 >= 1 else "under 1 s"
    return f"{minutes:.1f} min" if minutes < 10 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
