"""Repeatable measurements. Each prints ratios against a floor measured in the same run, because machines are noisy."""
