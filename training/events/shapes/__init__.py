"""What rows look like before they are events: fields inside fields, columns of paths, several ids in a row, streams.

In: a file and the names that the settings give. Out: SQL over the file's own columns. Imports events.sql and
events.files only.
"""
