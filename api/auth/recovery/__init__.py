"""Showing that an e-mail is one's own, and getting back in with it."""
