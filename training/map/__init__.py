"""From stored neighbours to a map: a place for each item, so that near items are seen near, and names for regions.

May import: index and the ground floor of training.
"""
