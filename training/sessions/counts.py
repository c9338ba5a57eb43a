"""What the rules removed; and where they left nothing, by which cause, and what would change it."""

from dataclasses import asdict, dataclass

from training.config import SessionsConfig


@dataclass(frozen=True)
class SessionCounts:
    """events: all that came in. The others: what each rule removed, in events, or in users, items and sessions where
    the name says so; what is dropped of users who are not known is theirs alone. split_sessions were too long, and lost
    nothing. lost_dislikes: of rare items, or in a session that is not there."""

    events: int
    bot_users: int
    bot_events: int
    repeats: int
    rare_items: int
    rare_events: int
    short_sessions: int
    short_events: int
    split_sessions: int
    unknown_users: int
    unknown_events: int
    lost_dislikes: int

    def removed(self) -> dict[str, int]:
        return {name: count for name, count in asdict(self).items() if name != "events"}


def nothing_left(counts: SessionCounts, rules: SessionsConfig, longest: int, items: int) -> tuple[str, str]:
    """(what became of the events, what would change it), by the cause that took most. longest: events of the longest
    session before rare items were dropped. items: how many the log has."""
    c = counts
    what, look = f"nothing is left of {c.events:,} events to train on: ", "`item2vec check` shows what the columns hold"
    if c.unknown_events > c.events / 2:
        return (
            f"{what}{c.unknown_events:,} are of users who are not known (no id, a word such as guest or null, or one "
            "id with a third of the log), so nothing tells which of them belong together",
            "Name the column of the session or of the visit with --session, or another column with --user; where such "
            "an id is one person, --unknown-users keep",
        )
    if c.lost_dislikes > c.events / 2:
        return (
            f"{what}{c.lost_dislikes:,} are of dislike_types, and no session is there that they could belong to",
            "Leave out of --dislike-types what people do with items that they want",
        )
    if c.bot_events > c.events / 2:
        users = "one user" if c.bot_users == 1 else f"{c.bot_users:,} users"
        return (
            f"{what}{c.bot_events:,} are of {users} with more than {rules.max_user_events:,} events each",
            "Raise --max-user-events where these are people; where one id stands for many, name the column of the "
            "session with --session",
        )
    if items == 1:
        return f"{what}all are of one item", f"Another column may name the item (--item): {look}"
    if longest < rules.min_length:
        sessions = "the only session" if c.short_sessions == 1 else f"each of the {c.short_sessions:,} sessions"
        if c.repeats and longest == 1:
            return (
                f"{what}{sessions} holds one item only ({c.repeats:,} events repeat the item just before them), and "
                f"{rules.min_length} are needed",
                f"Another column may name the item (--item), the user or the session: {look}",
            )
        one = "one event" if longest == 1 else f"{longest} events at most"
        return (
            f"{what}{sessions} has {one}, and {rules.min_length} are needed",
            "The column of the user (--user) or of the session (--session) may be another: it must be the same in "
            "events that belong together"
            + ("" if longest == 1 else f"; or lower --min-length (now {rules.min_length})"),
        )
    if c.rare_events > c.short_events:
        return (
            f"{what}{c.rare_events:,} are of items that occur fewer than {rules.min_item_count} times, and the "
            f"{c.short_sessions:,} sessions are too short without them",
            f"Lower --min-item-count (now {rules.min_item_count}), or give a longer log; another column may name the "
            f"item (--item): {look}",
        )
    return (
        f"{what}{c.short_sessions:,} sessions are shorter than {rules.min_length} once {c.rare_events:,} events of "
        "rare items are gone",
        f"Lower --min-length (now {rules.min_length}) or --min-item-count (now {rules.min_item_count}), or give a "
        "longer log",
    )
