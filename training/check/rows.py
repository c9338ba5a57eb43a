"""What the doctor says of rows and columns, of what the rules leave, and of what training will cost."""

from collections.abc import Iterator

from training.check.census import SAMPLES
from training.check.findings import Exam, Finding, are, many, percent

# Where a finding begins: shares of the rows, of the sessions, of the events.
REJECTED_WARN = 0.01
SHORT_SHARE = 0.6
RARE_NOTE, RARE_WARN = 0.05, 0.2
LITTLE_TOKENS, LITTLE_ITEMS = 10_000, 50


def rows(exam: Exam) -> Iterator[Finding]:
    counts, allowed = exam.counts, exam.config.events.max_bad_share
    if counts.empty_files:
        files = len(counts.empty_files)
        yield Finding(
            "empty_files",
            "note",
            files,
            None,
            f"{many(files, 'file')} of the log {are(files)} empty.",
            "Empty files are passed over.",
            "Export again what should hold events.",
            [{"file": file} for file in counts.empty_files[:SAMPLES]],
        )
    samples = [{"reason": reason, **some[0]} for reason, some in exam.rejects.items() if some]
    if not exam.events:
        left_out = sum(counts.dropped.values())
        yield Finding(
            "no_events",
            "stop",
            counts.rows,
            1.0,
            f"All {left_out:,} sound rows are left out by event type or dwell time."
            if left_out
            else f"None of {counts.rows:,} rows is an event."
            if counts.rows
            else "The log has no rows.",
            "There is nothing to train on.",
            "Compare --event-types and --min-dwell with what the log says."
            if left_out
            else "Do --user, --item and --time name the right columns?",
            samples,
        )
    bad = counts.rejected
    total = sum(bad.values())
    if total:
        share = total / counts.rows
        reasons = ", ".join(f"{n:,} {r.replace('_', ' ')}" for r, n in sorted(bad.items(), key=lambda pair: -pair[1]))
        refused = share > allowed
        yield Finding(
            "rows_rejected",
            "stop" if refused else "warn" if share > REJECTED_WARN else "note",
            total,
            share,
            f"{many(total, 'row')} of {counts.rows:,} ({percent(share)}) cannot be events: {reasons}.",
            f"Training would refuse the log: --max-bad-share allows {percent(allowed)}."
            if refused
            else "They are left out.",
            "Check --user, --item, --time, --time-unit, --delimiter and --encoding, mend the log, or raise "
            "--max-bad-share."
            if refused
            else "Look at the examples: is the writer of the log at fault?",
            samples,
        )


def columns(exam: Exam) -> Iterator[Finding]:
    settings = exam.config.events
    if exam.session_column is not None:
        yield Finding(
            "session_unused",
            "note",
            1,
            None,
            f"Column {exam.session_column!r} looks like session ids, and is not used.",
            f"Sessions are cut by pauses of {exam.config.sessions.gap_minutes:g} minutes; given ones are often better.",
            f"Try --session {exam.session_column}.",
        )
    if exam.types is not None:
        column, values = exam.types
        total = sum(values.values())
        shown = ", ".join(f"{value or 'empty'} {percent(n / total)}" for value, n in list(values.items())[:5])
        yield Finding(
            "types_unused",
            "warn",
            len(values),
            None,
            f"Column {column!r} tells events apart ({shown}), and all are read alike.",
            "Skips, returns and corrections bring items together as much as real interest does.",
            f"Name what counts, for example --event-type {column} --event-types {next(iter(values))}.",
        )
    if settings.conversion_types and exam.events and not exam.converted:
        yield Finding(
            "no_conversions",
            "warn",
            0,
            0.0,
            f"No event is of type {' or '.join(settings.conversion_types)}.",
            "Nothing can be said of what leads to a conversion.",
            "Compare --conversion-types with the log; where --event-types is given, it must name them too.",
        )


def after_rules(exam: Exam) -> Iterator[Finding]:
    rules, people = exam.config.sessions, exam.people
    if not exam.events:
        return
    sessions, single = people.sessions.total(), people.sessions.within(1, 1)
    if single > SHORT_SHARE * sessions:
        lonely = people.users.within(1, 1) / max(1, people.users.total())
        slow = (
            ""
            if exam.config.events.session
            else f", and raise --gap-minutes (now {rules.gap_minutes:g}) if people are slow"
        )
        yield Finding(
            "short_sessions",
            "warn",
            single,
            single / sessions,
            f"{percent(single / sessions)} of the sessions hold one event ({single:,}); {percent(lonely)} of the users "
            "have one event in all.",
            "A session of one item says nothing of what belongs together: it is dropped.",
            f"Check that --user names the user, not the event or the page view{slow}.",
        )
    if exam.sessions is None:
        yield Finding(
            "nothing_left",
            "stop",
            exam.events,
            1.0,
            f"{exam.nothing_left[:1].upper()}{exam.nothing_left[1:]}.",
            "There is nothing to train on.",
            f"Give a longer log, lower --min-item-count (now {rules.min_item_count}), or check --user and --session.",
        )
        return
    if exam.no_split:
        yield Finding(
            "no_test_part",
            "stop",
            len(exam.sessions.corpus),
            None,
            f"{exam.no_split}.",
            "A model that cannot be measured is not trained.",
            "Give a longer log, or change --split, --test-share or --test-from.",
        )
    corpus, counts = exam.sessions.corpus, exam.sessions.counts
    if len(corpus.tokens) < LITTLE_TOKENS or corpus.items < LITTLE_ITEMS:
        yield Finding(
            "little_data",
            "warn",
            len(corpus.tokens),
            None,
            f"{many(len(corpus.tokens), 'event')} of {many(corpus.items, 'item')} are left to train on.",
            "A vector needs to see its item in many contexts; with so few, plain counts are better.",
            "Give more days of the log, or lower --min-item-count.",
        )
    share = counts.rare_events / exam.events
    if share > RARE_NOTE:
        every = counts.rare_items + corpus.items
        yield Finding(
            "rare_items",
            "warn" if share > RARE_WARN else "note",
            counts.rare_events,
            share,
            f"{counts.rare_items:,} of {many(every, 'item')} ({percent(counts.rare_items / every)}) occur fewer than "
            f"{rules.min_item_count} times; {percent(share)} of the events are theirs.",
            "They get no vector, and drop out of the sessions they are in.",
            "Give a longer log, a coarser id (the product, not its size and colour), or lower --min-item-count.",
        )


def costs(exam: Exam) -> Iterator[Finding]:
    plan = exam.forecast
    if plan is None:
        return
    if plan["failed"] is not None:
        yield Finding(
            "trial_failed",
            "stop",
            1,
            None,
            f"On {plan['trial_tokens']:,} events of this log, {plan['failed']}.",
            "The whole training would end the same way.",
            "Lower --learning-rate.",
        )
    if plan["memory_mb"] > plan["ram_mb"]:
        stage = max(plan["memory"], key=lambda name: plan["memory"][name])
        yield Finding(
            "memory_short",
            "warn",
            plan["memory_mb"],
            plan["memory_mb"] / plan["ram_mb"],
            f"Training needs up to {plan['memory_mb']:,} MB while {stage}; there are {plan['ram_mb']:,} MB.",
            "The machine would swap, or end the run.",
            "Raise --min-item-count or lower --dims (fewer, shorter vectors), or use fewer days of the log.",
        )
