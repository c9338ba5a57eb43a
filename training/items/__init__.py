"""From the catalogue's files to metadata. In: paths, settings, the log's ids. Out: fields by id, and what was wrong."""
