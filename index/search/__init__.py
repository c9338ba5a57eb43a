"""Nearest neighbours: exact, through FAISS, and among the rows that a filter lets through."""
