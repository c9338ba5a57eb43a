"""Findings about what is left to train on after the rules, and about what a training on it will cost."""

from collections.abc import Iterator

from training.check.exam import Exam
from training.check.findings import Finding, finding, grade
from training.check.text import percent
from training.evaluation.kept import Extent, log_kept

SHORT_SHARE = 0.6  # of the sessions
RARE_NOTE, RARE_WARN = 0.05, 0.2  # of the events
LITTLE_TOKENS, LITTLE_ITEMS = 10_000, 50


def short_sessions(exam: Exam) -> Iterator[Finding]:
    people = exam.people
    unknown = sum(count for _, count in people.unknown)  # their sessions have one event by themselves
    sessions, single = people.sessions.total() - unknown, people.sessions.within(1, 1) - unknown
    if single > SHORT_SHARE * sessions:
        lonely = percent(people.users.within(1, 1) / max(1, people.users.total()))
        share, gap = single / sessions, exam.config.sessions.gap_minutes
        yield finding("short_sessions", "warn", single, share=share, case=exam.given, lonely=lonely, gap_minutes=gap)


def after_rules(exam: Exam) -> Iterator[Finding]:
    least = exam.config.sessions.min_item_count
    if not exam.events:
        return
    if exam.sessions is None:
        why, advice = (text[:1].upper() + text[1:] for text in exam.nothing_left)
        yield finding("nothing_left", "stop", exam.events, share=1.0, why=why, advice=advice)
        return
    corpus, counts = exam.sessions.corpus, exam.sessions.counts
    if exam.split is None:
        yield finding("no_test_part", "stop", len(corpus), held=exam.held)
    tokens = len(corpus.tokens)
    if tokens < LITTLE_TOKENS or corpus.items < LITTLE_ITEMS:
        yield finding("little_data", "warn", tokens, items=corpus.items)
    share = counts.rare_events / exam.events
    if share > RARE_NOTE:
        every = counts.rare_items + corpus.items
        yield finding(
            "rare_items",
            grade(share, RARE_WARN),
            counts.rare_events,
            share=share,
            rare=counts.rare_items,
            every=every,
            rare_share=percent(counts.rare_items / every),
            min_item_count=least,
        )


def less_than_serving(exam: Exam) -> Iterator[Finding]:
    """Said by the gate too, but after the training."""
    if exam.serving is None or exam.sessions is None:
        return
    extent = Extent.of(exam.sessions.corpus)
    reasons = log_kept(exam.serving, extent, exam.config.gate).reasons
    if reasons:
        said = "; ".join(reason[:1].upper() + reason[1:] for reason in reasons)
        yield finding("less_than_serving", "warn", extent.sessions, why=said)


def costs(exam: Exam) -> Iterator[Finding]:
    plan = exam.forecast
    if plan is None:
        return
    if plan.failed is not None:
        yield finding("trial_failed", "stop", 1, tokens=plan.trial_tokens, why=plan.failed)
    if plan.memory_mb > plan.ram_mb:
        share = plan.memory_mb / plan.ram_mb
        yield finding("memory_short", "warn", plan.memory_mb, share=share, stage=plan.peak, ram_mb=plan.ram_mb)
