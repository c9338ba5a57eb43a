"""The database's tables, as the migrations leave them. Times are int64 microseconds since 1970 UTC, on both databases.

The worker reads and writes `events`, `items`, `jobs` and `job_lines` as well: their columns are a format, see
docs/formats.md.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()

# SQLite numbers rows by itself only where the type is INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

events = Table(
    "events",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("event_id", Text, unique=True),  # the client's; what has none is never a duplicate
    Column("user_id", Text),
    Column("item_id", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("session_id", Text),
    Column("event_type", Text),
    Column("weight", Float),
    Column("dwell", Float),  # seconds
    Column("received", BigInteger, nullable=False),
    Index("events_by_user", "user_id", "time"),
    # What an erasure looks for beside it: the rows of a session in which nobody is named.
    Index(
        "events_by_session",
        "session_id",
        sqlite_where=text("user_id IS NULL"),
        postgresql_where=text("user_id IS NULL"),
    ),
    sqlite_autoincrement=True,
)

event_rejects = Table(
    "event_rejects",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("received", BigInteger, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("place", Integer, nullable=False),  # index of the row in its request
    Column("code", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("row", Text, nullable=False),  # as sent, at most 1,000 characters
    sqlite_autoincrement=True,
)

items = Table(
    "items",
    metadata,
    Column("item_id", Text, primary_key=True),
    Column("title", Text),
    Column("category", Text),
    Column("available", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("metadata", JSON, nullable=False),  # any other fields, flat
    Column("changed", BigInteger, nullable=False, index=True),  # number of the change, see counters
    Column("updated", BigInteger, nullable=False),
)

# One row per counter. Who changes items takes the next number in the same transaction, and so holds the row's lock
# until it commits: numbers become visible in order, and a reader that has seen n has seen all before it.
counters = Table(
    "counters", metadata, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False)
)

keys = Table(
    "keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),  # SHA-256 in hex: the secret has 256 random bits, so no salt
    Column("scopes", Text, nullable=False),  # comma-separated
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("state", Text, nullable=False),  # queued, running, succeeded, refused, failed, cancelled
    Column("active", Text, unique=True),  # "retrain" while queued or running: so one at a time, whoever asks
    Column("overrides", JSON, nullable=False),
    Column("force", Boolean, nullable=False),
    Column("idempotency_key", Text, unique=True),
    Column("fingerprint", Text, nullable=False),  # of the request, to tell a repeated key from a reused one
    Column("requested_by", Text, nullable=False),  # key id, "schedule" or "anonymous"
    Column("cancel", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False, index=True),
    Column("started", BigInteger),
    Column("finished", BigInteger),
    Column("heartbeat", BigInteger),
    Column("worker", Text),
    Column("step", Text),
    Column("progress", Float),  # 0 to 1, of the step
    Column("eta_seconds", Float),  # of the step
    Column("result", JSON),
    Column("error", JSON),  # code, detail
)

job_lines = Table(
    "job_lines",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("job_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Index("job_lines_by_job", "job_id", "seq"),
    sqlite_autoincrement=True,
)

# Append-only: triggers refuse every change of a row, and its deletion while it is young, see the migration 0002.
audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("via", Text, nullable=False),  # http, cli or worker
    Column("name", Text, nullable=False),  # of the key, of the machine's user, of the worker
    Column("key_id", Text),
    Column("address", Text),  # of the client
    Column("request_id", Text),
    Column("action", Text, nullable=False),
    Column("thing", Text),  # version, item, job or key
    Column("outcome", Text, nullable=False),  # done, intended, failed, refused
    Column("facts", JSON, nullable=False),  # what else is told of the act
    Index("audit_by_time", "at"),
    Index("audit_by_key", "key_id", "seq"),
    Index("audit_by_thing", "thing", "seq"),
    sqlite_autoincrement=True,
)

# One row for each person that was erased. Models know the last number they were trained without, so rows stay.
erasures = Table(
    "erasures",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("salt", Text, nullable=False),
    Column("subject", Text, nullable=False),  # HMAC-SHA-256 of the user id, with the salt as key
    Column("events", BigInteger, nullable=False),  # rows that were deleted
    Column("rejects", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
