"""The way of a request from the server to a route and back: limits, keys, the log.

Nothing here knows what an answer says.
"""
