"""Searches the settings of the trainer that suit a log, under a budget of time. In: a configuration. Out: a better one,
and a report. May import: every room of training but jobs.
"""
