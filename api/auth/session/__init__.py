"""Sessions: what a log-in begins, refresh tokens carry on and logging out ends."""
