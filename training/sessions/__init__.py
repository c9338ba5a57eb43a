"""From events to sessions.

In: batches of events. Out: a corpus of int32 tokens, sorted and cut, with its vocabulary.
"""
