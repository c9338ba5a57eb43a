"""Items without a past: vectors from what the catalogue says of an item, and the items that have such vectors only.

In: an item's metadata. Out: vectors that are ranked beside the trained ones. The map is fitted in `training.content`.
"""
