"""What the pipeline ranked, with the reasons."""
