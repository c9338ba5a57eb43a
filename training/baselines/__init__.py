"""The simple methods that the model must beat. In: sessions. Out: scores of all items for a prefix.

May import: index and the ground floor of training.
"""
