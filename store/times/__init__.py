"""The one reading of a time, for files, POST /events and settings alike: text or a number in, microseconds since 1970
UTC out. Pure Python; training/events/times.py is its twin in SQL. Imports of ours only store.event."""
