"""The steps of a run for items that sessions say little of: chosen on validation, measured, fitted on all."""
