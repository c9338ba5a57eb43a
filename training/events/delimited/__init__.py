"""CSV and its kin: what the first lines say, and every record counted. In: a file of plain text. Out: names, a dialect,
counts. May import the files, the text and the SQL of events."""
