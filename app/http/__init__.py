"""The way of a request from the server to a route and back: the first layer, errors, the log.

Nothing here knows what an answer says.
"""
