"""Letters to users: what they say, and how they leave."""
