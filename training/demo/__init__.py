"""A generated world of tracks and homes, of any size, with known structure."""
