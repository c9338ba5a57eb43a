"""Time to quality of the trainer, beside gensim."""
