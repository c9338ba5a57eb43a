"""What the findings about users and sessions say; the others are in words.py."""

from training.check.census import GIANT
from training.check.text import Words

FINDINGS = {
    "likely_bots": Words(
        title="users that are probably not people",
        found="{count:user} with {events:,} events ({share}) {count:is|are} probably {count:a machine|machines}.",
        effect="A crawler visits items in its own order, and so makes neighbours of items that have nothing in common.",
        advice="Lower --max-user-events below {least:,} (now {ceiling:,}; the median user has {median:,}), or filter "
        "them out of the log.",
    ),
    "giant_sessions": Words(
        title=f"sessions of more than {GIANT:,} events",
        found=f"{{count:session}} with more than {GIANT:,} events, {{share}} of the log; the longest has "
        "{longest:,}.",
        effect="No visit has a thousand items: it is a machine, a reused id, or a long history read as one visit. "
        "Sessions of more than {max_length:,} events are split.",
        advice="Look at examples. Long histories of customers are harmless. Against machines, lower --max-user-events.",
    ),
    "day_long_sessions": Words(
        title="sessions that last longer than a day",
        found="{count:session} ({share}) {count:lasts|last} longer than a day.",
        effect="Items of different days and moods become neighbours.",
        advice="Lower --gap-minutes (now {gap_minutes:g}).",
    ),
    "user_dominates": Words(
        title="one user makes a large part of the log",
        found="One user makes {share} of all events ({count:,}; the median user has {median:,}).",
        effect="The model learns that user's habits. Often it is one id for everybody who is not logged in.",
        advice="Name a --session, or the id of the visit as --user. Where it is a machine, --max-user-events "
        "{ceiling:,} leaves it out.",
    ),
    "item_dominates": Words(
        title="one item makes a large part of the log",
        found="One item makes {share} of all events ({count:,}; the median item has {median:,}).",
        effect="It is in so many sessions that it says nothing about them, and it takes the place of other contexts.",
        advice="If it is not a real item (a home page, a shipping fee), filter it out. Otherwise try --sample 1e-3.",
    ),
    "duplicate_rows": Words(
        title="the same user, item and time more than once",
        found="{count:row} ({share}) {count:repeats|repeat} the user, item and time of another row.",
        effect="Files loaded twice and double clicks make items look more frequent than they are.",
        advice="Find the file that is there twice, or remove them (SELECT DISTINCT).",
    ),
    "placeholder_users": Words(
        title="users who are not known",
        found="{count:event} ({share}) {count:is|are} of users who are not known: {names}.",
        effect="Each is a session of its own: it counts for its item, and brings no items together.",
        advice="Name the column of the session or of the visit with --session. Where it is a real id, --unknown-users "
        "keep takes it for one; --unknown-users reject leaves these rows out.",
    ),
}

OTHERWISE: dict[tuple[str, str], dict[str, str]] = {
    ("likely_bots", "left_out"): {"effect": "They are left out of the training.", "advice": "Nothing to do."},
    ("day_long_sessions", "sessions_given"): {
        "advice": "Are the session ids reused? Without --session, sessions are cut by pauses."
    },
    ("user_dominates", "unknown"): {
        "found": "One user has {share} of all events ({count:,}; the median user has {median:,}): nobody does so much.",
        "effect": "It is taken for one id of everybody who is not known, and each of its events for a session of its "
        "own: they count for their items, and bring none together.",
        "advice": "Name the column of the session or of the visit with --session. Where it is one person, "
        "--unknown-users keep takes it for one.",
    },
    ("placeholder_users", "kept"): {
        "effect": "They are read as one user, whose sessions mix the events of strangers.",
        "advice": "Name a --session, or leave --unknown-users keep out.",
    },
}
