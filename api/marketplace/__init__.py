"""Where buyers find prompts, buy them, and keep what they bought."""
