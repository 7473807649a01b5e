"""Who is asking: registration, log-in, tokens."""
