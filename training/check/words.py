"""What the findings say: a title, what was found, what it does to a model, and what to do about it.

Fields in braces are filled in by the check that makes the finding; `count` and `share` are always there, and whole
numbers are read as `Count`. docs/check.md lists the same codes.
"""

from training.check import itemwords, peoplewords
from training.check.text import Words


def words_of(code: str, case: str | None) -> Words:
    """As they read in that case."""
    return FINDINGS[code]._replace(**OTHERWISE[code, case] if case else {})


# By severity at its worst, and then by what they are about.
FINDINGS = peoplewords.FINDINGS | {
    "no_events": Words(
        title="no row of the log is an event",
        found="None of {count:,} rows is an event.",
        effect="There is nothing to train on.",
        advice="Do --user, --item and --time name the right columns?",
    ),
    "nothing_left": Words(
        title="the rules leave no session to train on",
        found="{why}.",
        effect="There is nothing to train on.",
        advice="{advice}.",
    ),
    "no_test_part": Words(
        title="too few sessions to hold out a test part",
        found="Of {count:,} sessions {held:,} would be held out to measure on.",
        effect="A model that cannot be measured is not trained.",
        advice="Give a longer log, or change --split, --test-share or --test-from.",
    ),
    "trial_failed": Words(
        title="a short trial of the training failed",
        found="A trial on {tokens:,} events of this log failed: {why}.",
        effect="The whole training would fail in the same way.",
        advice="Lower --learning-rate.",
    ),
    "times_ambiguous": Words(
        title="dates that may have the month or the day first",
        found="{found}",
        effect="{effect}",
        advice="{advice}",
    ),
    "times_no_epoch": Words(
        title="the times are numbers that do not count since 1970",
        found="{found}",
        effect="{effect}",
        advice="{advice}",
    ),
    "rows_rejected": Words(
        title="rows that cannot be events",
        found="{count:row} of {read:,} ({share}) cannot be events: {reasons}.",
        effect="They are left out.",
        advice="Look at the examples: does the program that writes the log have a fault?",
    ),
    "memory_short": Words(
        title="training needs more memory than there is",
        found="Training needs up to {count:,} MB (while {stage}), but the machine has {ram_mb:,} MB.",
        effect="The machine would swap, or kill the run.",
        advice="Raise --min-item-count or lower --dims (fewer, shorter vectors), or use fewer days of the log.",
    ),
    "empty_files": Words(
        title="files without any bytes",
        found="{count:file} of the log {count:is|are} empty.",
        effect="Empty files are skipped.",
        advice="If they should hold events, export them again.",
    ),
    "text_guessed": Words(
        title="how the text is read may be wrong",
        found="It was read so: {guesses}.",
        effect="A wrong guess gives wrong ids, titles or columns.",
        advice="Look at the examples. Name what is right, so that nothing needs to be guessed: --encoding, --header, "
        "--columns, --quoting, --separator.",
    ),
    "types_unused": Words(
        title="the log has event types that are not used",
        found="Column {column!r} holds event types ({values}), but all events count the same.",
        effect="Skips, returns and corrections bring items together as much as real interest does.",
        advice="Name the types that count, for example --event-type {column} --event-types {first}; and with "
        "--dislike-types those that say no.",
    ),
    "session_unused": Words(
        title="the log has a column of session ids that is not used",
        found="Column {column!r} looks like session ids, but it is not used.",
        effect="Sessions are cut by pauses of {gap_minutes:g} minutes instead. Given sessions are often better.",
        advice="Try --session {column}.",
    ),
    "no_conversions": Words(
        title="no event is a conversion",
        found="No event is of type {types}.",
        effect="The report cannot say what leads to a conversion.",
        advice="Compare --conversion-types with the log. If you give --event-types, it must name them too.",
    ),
    "no_dislikes": Words(
        title="no event is a dislike",
        found="No event is of type {types}.",
        effect="Nothing is left out of the sessions as disliked, and no item is pushed away from another.",
        advice="Compare --dislike-types with the log.",
    ),
    "little_data": Words(
        title="too few events or items for good vectors",
        found="Only {count:event} of {items:item} are left to train on.",
        effect="A vector needs many examples of its item. With so few, plain counts are better.",
        advice="Give more days of the log, or lower --min-item-count.",
    ),
    "less_than_serving": Words(
        title="less of a log, or an older one, than the model that serves was trained on",
        found="Beside the model that serves: {why}.",
        effect="The gate will refuse a model that is trained on this log.",
        advice="Is a file missing, or is it last month's? If the log is meant to be smaller, lower --log-kept, or "
        "train with --force.",
    ),
    "short_sessions": Words(
        title="most sessions hold one item only",
        found="{share} of the sessions hold only one event ({count:,}). {lonely} of the users have only one event.",
        effect="A session of one item does not say what belongs together, so it is dropped.",
        advice="Check that --user names the user, not the event or the page view. If people pause for long, raise "
        "--gap-minutes (now {gap_minutes:g}).",
    ),
    "rare_items": Words(
        title="many events are of items too rare for a vector",
        found="{rare:,} of {every:item} ({rare_share}) occur fewer than {min_item_count} times: {share} of the events "
        "are of these items.",
        effect="These items get no vector, and are dropped from their sessions.",
        advice="Give a longer log, a coarser id (the product, not its size and colour), or lower --min-item-count.",
    ),
    "immediate_repeats": Words(
        title="the same item twice in a row",
        found="{share} of the next events ({count:,}) are of the item just before them.",
        effect="They come too soon or too often to be meant: page reloads and heartbeats look like this. They count "
        "once, so they do no harm.",
        advice="Nothing to do; --no-collapse-repeats would keep them.",
    ),
    "repeated_items": Words(
        title="items return within a session",
        found="{share} of the events are of an item that came earlier in the same session.",
        effect="People return to what they know, so lists that may repeat seen items will score higher.",
        advice="Decide what your page should show; item2vec recommend --exclude-seen leaves seen items out.",
    ),
    "times_guessed": Words(
        title="dates whose order of month and day was found in the log",
        found="{found}",
        effect="{effect}",
        advice="{advice}",
    ),
    "times_in_future": Words(
        title="events later than now",
        found="{count:event} ({share}) {count:is|are} more than a day ahead of now, the last {last}.",
        effect="The newest sessions are the test part, so these events spoil the measurement.",
        advice="Correct or remove them. If most times are wrong, check --time-unit.",
    ),
    "times_in_far_past": Words(
        title="events before the year 2000",
        found="{count:event} ({share}) {count:is|are} dated before the year 2000, the first {first}.",
        effect="A missing time written as 0 looks like this. It takes the event out of its session.",
        advice="If the log is that old, nothing is wrong. Otherwise correct or remove them, or check --time-unit.",
    ),
    "times_are_positions": Words(
        title="the times are positions or a counter, not clock times",
        found="The times run from {first} to {last}: {what}, not clock times.",
        effect="Their order is used. Pauses mean nothing, so sessions cannot be cut by pauses.",
        advice="Name the column that tells sessions apart with --session; it may be that of the user.{unit}",
    ),
    "times_all_same": Words(
        title="all events have the same time",
        found="All events have the same time, {time}.",
        effect="The order of the rows is taken as the order of events. All events of a user are one session.",
        advice="Is --time the date of the export? Name the right column, or a --session.",
    ),
    "times_are_dates": Words(
        title="the times are days without a time of day",
        found="{share} of the times are exactly midnight (UTC): dates without a time of day.",
        effect="Within a day the order of the rows is used. All events of a user on one day are one session.",
        advice="Name a column with the time of day (--time), or a --session.",
    ),
    "times_tied": Words(
        title="events of a session share their time",
        found="{share} of the events have the same time as the one before them in their session.",
        effect="For these the order of the rows is used: what belongs together is learned, but hardly what comes next.",
        advice="Sort the rows as they happened, or name a finer --time. For baskets, use a --window of their width.",
    ),
    "units_mixed": Words(
        title="times in more than one unit",
        found="Times are in more than one unit: {units}, judged by their size in the first rows of each file.",
        effect="Each time is read by its own size, so all are right. But the writers of the log do not agree.",
        advice="Nothing to do.",
    ),
    "days_missing": Words(
        title="days without any event",
        found="{count:day} of {span:,} {count:has|have} no event; the longest gap is {longest:,} days, between {after} "
        "and {until}.",
        effect="Closed days are harmless. A lost file hides what people liked then, and moves the split by time.",
        advice="Check that all files of the log are there.",
    ),
    "ids_differ_by_space": Words(
        title="item ids that differ only by surrounding space",
        found="{count:item id} {count:is|are} written both with and without surrounding space.",
        effect="Each spelling is an item of its own, with a part of the events.",
        advice="Trim the ids before training.",
    ),
    "ids_differ_by_case": Words(
        title="item ids that differ only by upper and lower case",
        found="{count:item id} {count:is|are} written in different ways, some in upper case and some in lower case.",
        effect="Each spelling is an item of its own, with a part of the events.",
        advice="If they mean one item, write them in one way. If case tells your items apart, nothing is wrong.",
    ),
    "placeholder_items": Words(
        title="item ids that do not name an item",
        found="{count:event} ({share}) {count:has|have} an item id like {example!r}, which does not name an item.",
        effect="It gets a vector and neighbours, and takes places in people's lists.",
        advice="Filter these rows out of the log.",
    ),
    **itemwords.WORDS,
}

# What reads differently where something else holds: (finding, case) -> parts of its words.
OTHERWISE: dict[tuple[str, str], dict[str, str]] = peoplewords.OTHERWISE | {
    ("no_events", "left_out"): {
        "found": "All {sound:,} valid rows are left out by their event type or dwell time.",
        "advice": "Compare --event-types and --min-dwell with the values in the log.",
    },
    ("no_events", "times"): {
        "found": "None of {count:,} rows is an event: times like {times} cannot be read.",
        "advice": "Say how they are written with --time-format, or name another column with --time.",
    },
    ("no_events", "no_rows"): {"found": "The log has no rows."},
    ("rows_rejected", "refused"): {
        "effect": "Training would refuse the log: --max-bad-share allows {allowed}.",
        "advice": "Check --user, --item, --time, --time-unit, --delimiter and --encoding, correct the log, or "
        "raise --max-bad-share.",
    },
    ("rows_rejected", "refused_times"): {
        "found": "{count:row} of {read:,} ({share}) cannot be events: {reasons}. Times like {times} cannot be read.",
        "effect": "Training would refuse the log: --max-bad-share allows {allowed}.",
        "advice": "Say how they are written with --time-format, name another column with --time, correct the log, or "
        "raise --max-bad-share.",
    },
    ("short_sessions", "sessions_given"): {
        "advice": "Check that --user names the user, not the event or the page view."
    },
    ("immediate_repeats", "kept"): {
        "effect": "They look like page reloads, heartbeats or steps with one item. Each becomes its own neighbour.",
        "advice": "Leave --no-collapse-repeats out: then they count once.",
    },
    ("immediate_repeats", "steps"): {
        "effect": "The log has several event types: a view and then a purchase of the same item look like this. They "
        "count once, so they do no harm.",
    },
    ("immediate_repeats", "real"): {
        "effect": "They come neither too soon nor too often, so they are part of what people do. --collapse-repeats "
        "takes them away, and with them {share} of what the model could be asked for.",
        "advice": "Leave --collapse-repeats out: then they stay.",
    },
    ("immediate_repeats", "real_kept"): {
        "effect": "They come neither too soon nor too often, so they are part of what people do, and stay. Where it is "
        "better on validation, the last item of a session may be recommended.",
        "advice": "Nothing to do; --collapse-repeats would take away {share} of what comes next.",
    },
    ("times_are_positions", "sessions_given"): {
        "effect": "Their order is used. Pauses mean nothing, but sessions are given, so nothing is lost.",
        "advice": "Nothing to do.{unit}",
    },
    ("times_all_same", "sessions_given"): {
        "effect": "The order of the rows is taken as the order of events.",
        "advice": "Is --time the date of the export?",
    },
    ("times_are_dates", "sessions_given"): {
        "effect": "Within a day the order of the rows is used.",
        "advice": "Name a column with the time of day (--time).",
    },
    ("units_mixed", "unit_given"): {
        "effect": "--time-unit {unit} reads all in one unit: the others become wrong by a factor of 1,000, or are "
        "rejected.",
        "advice": "Leave out --time-unit: then each row is judged by its size.",
    },
}
