"""From a corpus to two matrices.

In: sessions as arrays, and settings. Out: input and output vectors, float32. Files and ids are not known here, except
in warm.py, which reads the vectors of the model that serves. May import: index and the ground floor of training.
"""
