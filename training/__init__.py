"""Makes an artifact from a log. Imports index and store, never app."""
