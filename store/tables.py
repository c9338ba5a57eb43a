"""The database's tables, as the migrations leave them. Times are int64 microseconds since 1970 UTC, on both databases.

The worker reads and writes `events`, `items`, `jobs` and `job_lines` as well: their columns are a format, see
docs/formats.md.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text

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
