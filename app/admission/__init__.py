"""Who may come in, from where, how often, and with how much: all that is asked before a route is.

In: a request's head, its key, its address. Out: its key, or a refusal.
"""
