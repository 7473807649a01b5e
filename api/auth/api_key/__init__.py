"""API keys: how programs of an organization are known."""
