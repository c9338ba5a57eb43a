"""Who did what to which thing, append-only; and who was erased, without saying who."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the type is INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# Rows younger than 90 days stay, whoever asks: the number is here and not in a table, where it could be changed.
SQLITE = (
    """
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit is append-only: no row is changed'); END
    """,
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    WHEN OLD.at > (CAST(strftime('%s', 'now') AS INTEGER) - 90 * 86400) * 1000000
    BEGIN SELECT RAISE(ABORT, 'audit is append-only: rows younger than 90 days stay'); END
    """,
    # INSERT OR REPLACE deletes without asking the trigger above.
    """
    CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
    WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'audit is append-only: no row is replaced'); END
    """,
)
POSTGRESQL = (
    """
    CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND OLD.at <= (extract(epoch FROM now()) - 90 * 86400) * 1000000 THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'audit is append-only: % refused', TG_OP;
    END $$
    """,
    """
    CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_append_only()
    """,
    """
    CREATE FUNCTION audit_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit is append-only: TRUNCATE refused';
    END $$
    """,
    """
    CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_no_truncate()
    """,
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("address", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("thing", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_index("audit_by_key", "audit", ["key_id", "seq"])
    op.create_index("audit_by_thing", "audit", ["thing", "seq"])
    op.create_table(
        "erasures",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("rejects", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    # An erasure finds the rows of a session that nobody is named in; most rows name somebody and are not in it.
    op.create_index(
        "events_by_session",
        "events",
        ["session_id"],
        sqlite_where=sa.text("user_id IS NULL"),
        postgresql_where=sa.text("user_id IS NULL"),
    )
    connection = op.get_bind()
    for statement in POSTGRESQL if connection.dialect.name == "postgresql" else SQLITE:
        # To the driver as it stands, without parameters: a percent sign and a colon mean what they say.
        connection.connection.cursor().execute(statement)


def downgrade() -> None:
    op.drop_index("events_by_session", "events")
    for table in ("erasures", "audit"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in ("audit_append_only", "audit_no_truncate"):
            op.execute(f"DROP FUNCTION {name}()")
