"""Walks over the graph of what followed what, as sessions beside those of the log. In: a corpus. Out: a corpus.

May import: the ground floor of training.
"""
