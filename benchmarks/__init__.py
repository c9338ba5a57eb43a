"""Figures that anyone can run again; results are in README.md beside this file."""
