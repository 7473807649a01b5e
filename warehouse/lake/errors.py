"""What can be wrong with the lake."""


class LakeDamaged(Exception):
    """The lake does not hold what its manifests say; the message names every file and what is wrong with it."""
