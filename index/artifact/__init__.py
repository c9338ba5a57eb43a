"""A version of a model on disk: its files, its manifest, and the registry of all versions."""
