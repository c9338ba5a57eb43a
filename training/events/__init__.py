"""From files to events. In: paths and settings. Out: batches of events, and every row rejected with its reason."""
