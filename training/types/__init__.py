"""Types of items and users, learnt from what users of a type did with items of a type. In: the log and the catalogue.
Out: index.types. Imports events, sessions and the trainers."""
