"""What is answered from: one model and one state of the catalogue.

In: the registry and the stored items. Out: a View, replaced whole.
"""
