"""Messages from outside: stored as they came, handled afterwards, each until it succeeds."""
