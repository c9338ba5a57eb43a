"""From the bytes of a file to plain text in UTF-8. In: a path. Out: the file itself where DuckDB can read it, else a
copy. May import nothing of ours but errors."""
