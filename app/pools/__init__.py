"""The threads that requests have their work done in: pools with bounds, so that no work can take all of a process.

In comes work with its cost, out comes its result, or a refusal at once where too much is under way. Imports nothing of
`app` but its settings, metrics and problems; routes are above it.
"""
