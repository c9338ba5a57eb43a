"""Serves the artifact over HTTP.

In: an artifact and the database. Out: answers, and rows in the database. Imports index and store.
"""
