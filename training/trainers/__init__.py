"""From a corpus to two matrices.

In: sessions as arrays. Out: input and output vectors, float32. Files and ids are not known here.
"""
