"""Which readings and weights answer best, on the validation part. In: embeddings and prefixes. Out: a configuration.

May import: index, trainers, evaluation and the ground floor of training.
"""
