"""A generated world of tracks and homes, of any size, with known structure. In: a size and a seed. Out: a log."""
