"""What is sold: prompts, their versions, and rendering them."""
