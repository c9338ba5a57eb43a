"""Retraining for the service: the worker takes a job from the store and runs the pipeline in a child process."""
