"""Searches the settings of the trainer that suit a log, under a budget of time."""
