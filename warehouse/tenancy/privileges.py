"""What the application role may do with each table of its database; row-level security says with which rows.

A table that is not named here is closed to the API. What is append-only for the API has neither `update` nor `delete`.
"""

APPLICATION_PRIVILEGES: dict[str, frozenset[str]] = {
    table: frozenset(privileges.split())
    for table, privileges in {
        "organizations": "select insert update",
        "users": "select insert update delete",
        "prompts": "select insert update delete",
        "prompt_versions": "select insert update delete",
        # Counted by triggers, which run as the owner.
        "prompt_statistics": "select delete",
        "prompt_states": "select",
        "organization_states": "select",
        # Kept by triggers too: what everybody may see of the market.
        "listed_prompts": "select",
        "sellers": "select",
        "orders": "select insert update",
        "refunds": "select insert update",
        "entitlements": "select insert update",
        "webhook_inbox": "select insert update",
        # Append-only: what was booked stays as it was.
        "balance_transactions": "select insert",
        "ledger_positions": "select insert update",
        # Append-only, and their partitions are closed: events go in and come out by the parent table.
        "raw_events": "select insert",
        "event_ids": "select insert",
        "event_batches": "select insert",
        "quarantine": "select insert update",
        "journal_position": "select update",
        "idempotency_keys": "select insert update delete",
        "outbox": "select insert update delete",
        "sessions": "select insert update delete",
        "refresh_tokens": "select insert update delete",
        "api_keys": "select insert update delete",  # pragma: allowlist secret
        "invitations": "select insert update delete",
        "account_links": "select insert update delete",
        "second_factors": "select insert update delete",
        "recovery_codes": "select insert update delete",
        "erasures": "select insert",
        "reviews": "select insert update delete",
        "decisions": "select insert update",
        "appeals": "select insert update",
        # Append-only; an origin goes with the person it belongs to.
        "audit_log": "select insert",
        "audit_origins": "select insert delete",
    }.items()
}

# Tables without row-level security, with the reason.
PUBLIC_TABLES = {
    "listed_prompts": "holds only what the market shows to everybody; policies would rule out its indexes",
    "sellers": "holds only the names of companies whose prompts are or were on the market",
    "alembic_version": "the schema's revision; the application role has no privilege on it",
}
