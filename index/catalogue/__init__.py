"""The metadata of the items, in memory and in an artifact."""
