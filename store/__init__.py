"""The database that service and worker meet in: SQLite or PostgreSQL.

All SQL on our own tables is here. Imports only index.
"""
