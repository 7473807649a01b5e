"""A second factor as an option: codes of an authenticator app (RFC 6238), and recovery codes for when it is lost."""
