"""What the findings say: a title, what was found, what it does to a model, and what to do about it.

Fields in braces are filled in by the check that makes the finding; `count` and `share` are always there. docs/check.md
lists the same codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from training.check.census import BURST, GIANT


@dataclass(frozen=True)
class Case:
    """What reads differently in one case; None: as it does otherwise."""

    found: str | None = None
    effect: str | None = None
    advice: str | None = None


@dataclass(frozen=True)
class Words:
    title: str
    found: str
    effect: str
    advice: str
    cases: Mapping[str, Case] = field(default_factory=dict)

    def of(self, case: str | None) -> "Words":
        """As they read in that case."""
        if case is None:
            return self
        return replace(self, **{part: text for part, text in vars(self.cases[case]).items() if text is not None})


# By severity at its worst, and then by what they are about.
FINDINGS = {
    "no_events": Words(
        title="no row of the log is an event",
        found="None of {count:,} rows is an event.",
        effect="There is nothing to train on.",
        advice="Do --user, --item and --time name the right columns?",
        cases={
            "left_out": Case(
                found="All {sound:,} sound rows are left out by event type or dwell time.",
                advice="Compare --event-types and --min-dwell with what the log says.",
            ),
            "no_rows": Case(found="The log has no rows."),
        },
    ),
    "nothing_left": Words(
        title="the rules leave no session to train on",
        found="{why}.",
        effect="There is nothing to train on.",
        advice="Give a longer log, lower --min-item-count (now {min_item_count}), or check --user and --session.",
    ),
    "no_test_part": Words(
        title="too few sessions to hold any out for measuring",
        found="Of {count:,} sessions {held:,} would be held out to measure on.",
        effect="A model that cannot be measured is not trained.",
        advice="Give a longer log, or change --split, --test-share or --test-from.",
    ),
    "trial_failed": Words(
        title="a short trial of the training failed",
        found="On {tokens:,} events of this log, {why}.",
        effect="The whole training would end the same way.",
        advice="Lower --learning-rate.",
    ),
    "rows_rejected": Words(
        title="rows that cannot be events",
        found="{rows} of {read:,} ({share}) cannot be events: {reasons}.",
        effect="They are left out.",
        advice="Look at the examples: is the writer of the log at fault?",
        cases={
            "refused": Case(
                effect="Training would refuse the log: --max-bad-share allows {allowed}.",
                advice="Check --user, --item, --time, --time-unit, --delimiter and --encoding, mend the log, or raise "
                "--max-bad-share.",
            ),
        },
    ),
    "memory_short": Words(
        title="training needs more memory than there is",
        found="Training needs up to {count:,} MB while {stage}; there are {ram_mb:,} MB.",
        effect="The machine would swap, or end the run.",
        advice="Raise --min-item-count or lower --dims (fewer, shorter vectors), or use fewer days of the log.",
    ),
    "empty_files": Words(
        title="files without any bytes",
        found="{files} of the log {are} empty.",
        effect="Empty files are passed over.",
        advice="Export again what should hold events.",
    ),
    "types_unused": Words(
        title="the log has event types, and all count alike",
        found="Column {column!r} tells events apart ({values}), and all are read alike.",
        effect="Skips, returns and corrections bring items together as much as real interest does.",
        advice="Name what counts, for example --event-type {column} --event-types {first}.",
    ),
    "session_unused": Words(
        title="the log has a column of session ids that is not used",
        found="Column {column!r} looks like session ids, and is not used.",
        effect="Sessions are cut by pauses of {gap_minutes:g} minutes; given ones are often better.",
        advice="Try --session {column}.",
    ),
    "no_conversions": Words(
        title="no event is a conversion",
        found="No event is of type {types}.",
        effect="Nothing can be said of what leads to a conversion.",
        advice="Compare --conversion-types with the log; where --event-types is given, it must name them too.",
    ),
    "little_data": Words(
        title="too few events or items for good vectors",
        found="{events} of {items} are left to train on.",
        effect="A vector needs to see its item in many contexts; with so few, plain counts are better.",
        advice="Give more days of the log, or lower --min-item-count.",
    ),
    "short_sessions": Words(
        title="most sessions hold one item only",
        found="{share} of the sessions hold one event ({count:,}); {lonely} of the users have one event in all.",
        effect="A session of one item says nothing of what belongs together: it is dropped.",
        advice="Check that --user names the user, not the event or the page view, and raise --gap-minutes (now "
        "{gap_minutes:g}) if people are slow.",
        cases={
            "sessions_given": Case(advice="Check that --user names the user, not the event or the page view."),
        },
    ),
    "rare_items": Words(
        title="many events are of items too rare for a vector",
        found="{rare:,} of {items} ({rare_share}) occur fewer than {min_item_count} times; {share} of the events are "
        "theirs.",
        effect="They get no vector, and drop out of the sessions they are in.",
        advice="Give a longer log, a coarser id (the product, not its size and colour), or lower --min-item-count.",
    ),
    "immediate_repeats": Words(
        title="the same item again, at once",
        found="{count:,} events ({share}) repeat the item just before them.",
        effect="Page reloads and heartbeats look so. They count once, so the model is safe.",
        advice="Nothing to do; --no-collapse-repeats would keep them.",
        cases={
            "kept": Case(
                effect="Page reloads and heartbeats look so. Each item becomes its own neighbour.",
                advice="Set --collapse-repeats.",
            ),
        },
    ),
    "repeated_items": Words(
        title="items come back within a session",
        found="{share} of the events are of an item that came earlier in the same session.",
        effect="People go back to what they know: lists that may repeat seen items will score higher.",
        advice="Decide what your page wants; item2vec recommend --exclude-seen leaves seen items out.",
    ),
    "likely_bots": Words(
        title="users that are probably no people",
        found="{users} with {events:,} events ({share}) {are} probably not people.",
        effect="A crawler walks the catalogue in its own order, and makes neighbours of whatever it passes.",
        advice="Lower --max-user-events below {least:,} (now {ceiling:,}; the median user has {median:,}), or filter "
        "them out of the log.",
        cases={
            "left_out": Case(effect="They are left out of the training.", advice="Nothing to do."),
        },
    ),
    "giant_sessions": Words(
        title=f"sessions of more than {GIANT:,} events",
        found=f"{{sessions}} with more than {GIANT:,} events, {{share}} of the log; the longest has {{longest:,}}.",
        effect="No visit has a thousand items: it is a machine, a reused id, or a long history read as one visit. "
        "Above {max_length:,} they are split.",
        advice="Look at the examples. Histories of customers are harmless; against machines, lower --max-user-events.",
    ),
    "day_long_sessions": Words(
        title="sessions that last longer than a day",
        found="{sessions} ({share}) {last} longer than a day.",
        effect="Items of different days and moods become neighbours.",
        advice="Lower --gap-minutes (now {gap_minutes:g}).",
        cases={
            "sessions_given": Case(advice="Are the session ids reused? Without --session a pause cuts."),
        },
    ),
    "user_dominates": Words(
        title="one user makes a large part of the log",
        found="One user makes {share} of all events ({count:,}; the median user has {median:,}).",
        effect="The model learns that user's habits. Often it is one id for all who did not log in.",
        advice="Leave such users out (--max-user-events {ceiling:,}), or name a better --user.",
    ),
    "item_dominates": Words(
        title="one item makes a large part of the log",
        found="One item makes {share} of all events ({count:,}; the median item has {median:,}).",
        effect="It is in everybody's sessions, so it says nothing of them, and it crowds the windows of other items.",
        advice="If it is no real item (a home page, a shipping fee), filter it out; else try --sample 1e-3.",
    ),
    "duplicate_rows": Words(
        title="the same user, item and time more than once",
        found="{rows} ({share}) {repeat} the user, item and time of another row.",
        effect="Files loaded twice or double clicks: they make items look more frequent than they are.",
        advice="Find the file that is there twice, or remove them (SELECT DISTINCT).",
    ),
    "times_in_future": Words(
        title="events later than now",
        found="{events} ({share}) {are} more than a day ahead of now, the last {last}.",
        effect="The newest sessions are the test part: these spoil what is measured.",
        advice="Mend or remove them. Where most are wrong, check --time-unit.",
    ),
    "times_in_far_past": Words(
        title="events before the year 2000",
        found="{events} ({share}) {are} dated before the year 2000, the first {first}.",
        effect="A missing time written as 0 looks so; it tears the event out of its session.",
        advice="If the log is that old, all is well. Else mend or remove them, or check --time-unit.",
    ),
    "times_are_positions": Words(
        title="the times are positions or counters, no clock",
        found="The times run from {first} to {last}: {what}, not clock times.",
        effect="Their order is used. A pause in them means nothing, so sessions cannot be cut by pauses.",
        advice="Name the column that tells sessions apart: --session, if need be the user's.{unit}",
        cases={
            "sessions_given": Case(
                effect="Their order is used. A pause in them means nothing, and sessions are given, so nothing is "
                "lost.",
                advice="Nothing to do.{unit}",
            ),
        },
    ),
    "times_all_same": Words(
        title="all events have one time",
        found="All events have one time, {time}.",
        effect="The order of the rows stands for the order of events, and all events of a user are one session.",
        advice="Does --time name the date of the export? Name the right column, or a --session.",
        cases={
            "sessions_given": Case(
                effect="The order of the rows stands for the order of events.",
                advice="Does --time name the date of the export?",
            ),
        },
    ),
    "times_are_dates": Words(
        title="the times are days without a time of day",
        found="{share} of the times are exactly midnight (UTC): dates without a time of day.",
        effect="The order within a day is that of the rows, and all a user did on one day is one session.",
        advice="Name a column that has the time of day: --time; or a --session.",
        cases={
            "sessions_given": Case(
                effect="The order within a day is that of the rows.",
                advice="Name a column that has the time of day: --time.",
            ),
        },
    ),
    "times_tied": Words(
        title="events of a session share their time",
        found="{share} of the events have the same time as the one before them in their session.",
        effect="Among them the order is that of the rows: what belongs together is learned, what comes next hardly.",
        advice="Keep the rows as they happened, or name a finer --time. For baskets, a --window as wide as a basket.",
    ),
    "units_mixed": Words(
        title="times in more than one unit",
        found="Times come in more than one unit: {units}, by their size in the first rows of each file.",
        effect="Each is read by its own size, so all are read right; but two writers do not agree.",
        advice="Nothing to do for the training.",
        cases={
            "unit_given": Case(
                effect="--time-unit {unit} takes all for one unit: the others are off by a factor of 1,000, or "
                "rejected.",
                advice="Leave --time-unit away: then each row is looked at.",
            ),
        },
    ),
    "days_missing": Words(
        title="days without any event",
        found="{days} of {span:,} {have} no event; the longest gap is {longest:,} days, between {after} and {until}.",
        effect="A closed shop is harmless. A lost file hides what was liked then, and moves the split by time.",
        advice="Check that all files of the log are there.",
    ),
    "ids_differ_by_space": Words(
        title="item ids that differ only by surrounding space",
        found="{ids} {are} written with and without space around.",
        effect="Each spelling is an item of its own, with a part of the events.",
        advice="Trim the ids before training.",
    ),
    "ids_differ_by_case": Words(
        title="item ids that differ only by upper and lower case",
        found="{ids} {are} written in upper case here, in lower case there.",
        effect="Each spelling is an item of its own, with a part of the events.",
        advice="If they mean one item, write them one way. If case tells your items apart, all is well.",
    ),
    "placeholder_items": Words(
        title="item ids that stand for no item",
        found="{events} ({share}) {have} an item id like {example!r}, which stands for no item.",
        effect="It gets a vector, neighbours, and places in people's lists.",
        advice="Filter these rows out of the log.",
    ),
    "placeholder_users": Words(
        title="user ids that stand for nobody",
        found="{events} ({share}) {have} a user id like null or guest, which stands for nobody.",
        effect="They are read as one user, whose sessions mix strangers.",
        advice="Name a --session, take the id of the visit as --user, or filter these rows out.",
    ),
}

# Fields of findings that are words themselves.
CLOCKS = {"positions": "positions (each user starts near 0)", "counter": "a counter that runs through the whole log"}
UNIT_DOUBT = " Or --time-unit {unit} is wrong: without it the size of the numbers tells."
BOTS = {
    "ceiling": "above --max-user-events, left out",
    "outsized": "{times:,.0f} times the median user",
    "fast": f"{BURST:,} events within half an hour",
}
