"""How often items were near each other in sessions, exactly. In: a corpus. Out: pair counts and rules.

postings.py says where items are, blocks.py counts, pairs.py keeps all counts, rules.py only the strongest.
May import: index and the corpus.
"""
