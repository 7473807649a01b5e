"""What the platform holds about a person: handing it over, and erasing it."""
