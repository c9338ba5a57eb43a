"""The whole run in order, from log to published version, each step resumable."""
