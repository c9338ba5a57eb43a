"""Findings about what is left to train on after the rules, and about what a training on it will cost."""

from collections.abc import Iterator

from training.check.exam import Exam
from training.check.findings import Finding, finding
from training.check.text import many, percent

SHORT_SHARE = 0.6  # of the sessions
RARE_NOTE, RARE_WARN = 0.05, 0.2  # of the events
LITTLE_TOKENS, LITTLE_ITEMS = 10_000, 50


def short_sessions(exam: Exam) -> Iterator[Finding]:
    people = exam.people
    sessions, single = people.sessions.total(), people.sessions.within(1, 1)
    if single > SHORT_SHARE * sessions:
        yield finding(
            "short_sessions",
            "warn",
            single,
            share=single / sessions,
            case="sessions_given" if exam.sessions_given else None,
            lonely=percent(people.users.within(1, 1) / max(1, people.users.total())),
            gap_minutes=exam.config.sessions.gap_minutes,
        )


def after_rules(exam: Exam) -> Iterator[Finding]:
    rules = exam.config.sessions
    if not exam.events:
        return
    if exam.sessions is None:
        why = exam.nothing_left[:1].upper() + exam.nothing_left[1:]
        yield finding("nothing_left", "stop", exam.events, share=1.0, why=why, min_item_count=rules.min_item_count)
        return
    corpus, counts = exam.sessions.corpus, exam.sessions.counts
    held = exam.test_part
    if held is not None and not held.measurable(len(corpus)):
        yield finding("no_test_part", "stop", len(corpus), held=held.sessions)
    tokens = len(corpus.tokens)
    if tokens < LITTLE_TOKENS or corpus.items < LITTLE_ITEMS:
        yield finding("little_data", "warn", tokens, events=many(tokens, "event"), items=many(corpus.items, "item"))
    share = counts.rare_events / exam.events
    if share > RARE_NOTE:
        every = counts.rare_items + corpus.items
        yield finding(
            "rare_items",
            "warn" if share > RARE_WARN else "note",
            counts.rare_events,
            share=share,
            rare=counts.rare_items,
            items=many(every, "item"),
            rare_share=percent(counts.rare_items / every),
            min_item_count=rules.min_item_count,
        )


def costs(exam: Exam) -> Iterator[Finding]:
    plan = exam.forecast
    if plan is None:
        return
    if plan.failed is not None:
        yield finding("trial_failed", "stop", 1, tokens=plan.trial_tokens, why=plan.failed)
    if plan.memory_mb > plan.ram_mb:
        share = plan.memory_mb / plan.ram_mb
        yield finding("memory_short", "warn", plan.memory_mb, share=share, stage=plan.peak, ram_mb=plan.ram_mb)
