"""Writes that are sent twice under one `Idempotency-Key` happen once and are answered the same."""
