"""Links that are mailed: signed, good once and for a while. What they open is for other modules to say."""
