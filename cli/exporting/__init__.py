"""The commands of `export.py`."""
