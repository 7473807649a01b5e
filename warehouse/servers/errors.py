"""What can go wrong with servers, as sentences a person can act on."""


class ServerStartFailed(Exception):
    """An embedded server did not start; the message says which, where, and its last words."""


class ServerUnreachable(Exception):
    """A server named by a URL does not answer; the message names the setting, never the password."""
