"""The database that service and worker meet in, and all SQL on our own tables. Imports only index.errors."""
