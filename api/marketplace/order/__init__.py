"""Orders: buying, giving back, and the library of what was bought."""
