"""What is for sale: browsing, searching, categories."""
