"""What a log says beyond the order of its items. In: a corpus, the settings, the items' metadata. Out: a corpus whose
events weigh what they are to count, and the few things besides that each engine takes as it can.

May import: index and the ground floor of training.
"""
