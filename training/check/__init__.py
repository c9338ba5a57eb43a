"""The data doctor: what a log holds and what is wrong with it, before anything is trained."""
