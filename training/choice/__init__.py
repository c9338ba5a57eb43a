"""Which readings and weights answer best, on the validation part. In: embeddings and prefixes. Out: a configuration."""
