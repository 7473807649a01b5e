"""Invitations: by an owner, by e-mail, to join an organization."""
