"""Requests per second, beside the bare servers it stands on."""
