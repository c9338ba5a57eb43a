"""What a connection to the database is like: who may wait for one, for how long, and what each kind begins with."""
