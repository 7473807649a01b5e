"""How often somebody may ask, counted in Redis."""
