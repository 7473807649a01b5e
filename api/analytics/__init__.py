"""Taking in events, and telling sellers what their prompts achieve."""
