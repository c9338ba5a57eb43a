"""How the times of files are read: the SQL, the parser of record that it calls, and what is found before reading."""
