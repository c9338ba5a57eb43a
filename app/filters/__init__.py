"""Which items pass a caller's conditions: the live catalogue as columns, and what was worked out of them, kept."""
