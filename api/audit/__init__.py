"""The audit log: who did which administrative or money action, when, from where, with the old and the new value."""

from api.audit.recording import Actor, AuditedObject, record

__all__ = ["Actor", "AuditedObject", "record"]
