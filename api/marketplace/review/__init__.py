"""What buyers think of what they bought."""
