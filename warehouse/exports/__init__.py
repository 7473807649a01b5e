"""Writes what the product holds into files: streamed, exact, and whole or not there.

`source` and `figure` open rows, `file` writes them. Nothing is imported here, so that the API, which streams figures
itself, does not load the writers.
"""
