"""What operators do with users and organizations."""
