"""The commands of `monitor.py`."""
