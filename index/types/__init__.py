"""Types of items and of users: buckets of their attributes, with vectors in one space; what an artifact holds of them,
and which items users of a type go for. In: attributes as values, arrays. Imports the catalogue and the files."""
