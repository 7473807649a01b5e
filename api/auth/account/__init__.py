"""Accounts: registration, log-in, the own profile."""
