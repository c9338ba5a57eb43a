"""Server-sent events of jobs: one look at the database for all who follow a job, and bounds on who may.

In come jobs and their lines, out goes the text of streams. Imports pools, problems and the store; routes are above it.
"""
