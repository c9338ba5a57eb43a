"""What Alembic runs: the tables, version by version."""
