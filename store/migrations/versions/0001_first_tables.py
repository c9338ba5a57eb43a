"""The first tables: events and their rejects, items, keys, jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the type is INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.Text, unique=True),
        sa.Column("user_id", sa.Text),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("event_type", sa.Text),
        sa.Column("weight", sa.Float),
        sa.Column("dwell", sa.Float),
        sa.Column("received", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_user", "events", ["user_id", "time"])
    op.create_table(
        "event_rejects",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "items",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("available", sa.Boolean, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_items_changed", "items", ["changed"])
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counters, [{"name": "items", "value": 0}])
    op.create_table(
        "keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("active", sa.Text, unique=True),
        sa.Column("overrides", sa.JSON, nullable=False),
        sa.Column("force", sa.Boolean, nullable=False),
        sa.Column("idempotency_key", sa.Text, unique=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("finished", sa.BigInteger),
        sa.Column("heartbeat", sa.BigInteger),
        sa.Column("worker", sa.Text),
        sa.Column("step", sa.Text),
        sa.Column("progress", sa.Float),
        sa.Column("eta_seconds", sa.Float),
        sa.Column("result", sa.JSON),
        sa.Column("error", sa.JSON),
    )
    op.create_index("ix_jobs_created", "jobs", ["created"])
    op.create_table(
        "job_lines",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("job_lines_by_job", "job_lines", ["job_id", "seq"])


def downgrade() -> None:
    for table in ("job_lines", "jobs", "keys", "counters", "items", "event_rejects", "events"):
        op.drop_table(table)
