"""Vectors that were made elsewhere, as files: what other tools write is told apart by its content and read in blocks.
In: a file or a folder. Out: one float32 matrix on disk, and the id of each row. Imports the ground floor only."""
