"""Checks that stop a publication when a number can't be traced back to where it came from."""
