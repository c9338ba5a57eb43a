"""What can speak for an item: vectors over all items, counts for some of them, popularity, the session's own items.

Each part gives values on a scale of its own that means the same on every log; weights are the scorer's business.
"""
