"""Vectors in closed form: pair counts, their roots, three sparse products. In: arrays and numbers. Out: arrays.

train.py is the method from top to bottom; products.py multiplies.
"""
