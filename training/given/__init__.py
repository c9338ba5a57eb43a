"""A test that somebody else has cut: questions as a file gives them, answered by a published model. In: a log, or a
table of prefixes and targets. Out: figures beside popularity. Imports evaluation, sessions, events and config."""
