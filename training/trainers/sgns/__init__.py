"""Skip-gram with negative sampling, our engine. In: arrays and numbers. Out: arrays. No files, ids or logging inside.

train.py is the method from top to bottom. log.py, noise.py and steps.py are its parts; memory.py is how rows are laid
out, and the steps are written in rows.py and vectors.py.
"""
