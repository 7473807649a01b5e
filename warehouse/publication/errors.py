"""What stops a publication, as a sentence."""


class PublicationRefused(Exception):
    """The build can't be published as it stands; what was published before stays."""
