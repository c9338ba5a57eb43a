"""The content map: from what the catalogue says of an item to its vectors, for items without a past.

In: the catalogue, trained matrices, and for what is chosen the validation part. Out: an `index.content` map, and how
well hidden items are answered and found. Imports choice, evaluation, config.
"""
