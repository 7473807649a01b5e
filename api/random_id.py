"""Ids that need to be unique and not secret."""

from random import getrandbits

# The bits in which RFC 9562 puts the version (4) and the variant of a UUID.
FREE = (1 << 128) - 1 & ~(0xF << 76) & ~(0b11 << 62)
MARKS = 4 << 76 | 0b10 << 62


def random_id() -> str:
    """A random UUID as text.

    Asking the system for randomness, and making a UUID of it first, costs more than much of what is done for a request.
    """
    text = f"{getrandbits(128) & FREE | MARKS:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
