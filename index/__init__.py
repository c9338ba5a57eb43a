"""Defines the artifact: how a model lies on disk, and how it answers. Imports nobody else of ours."""
