"""Row-level security on every table that holds a tenant's data, and public tables of what the market shows."""

from pathlib import Path

from alembic import op

from warehouse.tenancy import FUNCTIONS

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PROTECTED = (
    "organizations", "users", "prompts", "prompt_versions", "prompt_statistics", "orders", "refunds", "entitlements",
    "webhook_inbox", "raw_events", "quarantine", "journal_position", "idempotency_keys", "outbox", "audit_log",
    "audit_origins", "sessions", "refresh_tokens", "api_keys", "event_ids", "event_batches", "reviews", "decisions",
    "appeals", "erasures",
)  # fmt: skip


def upgrade() -> None:
    """Make the public tables first: the policies are written for what is left."""
    here = Path(__file__).parent
    op.execute(FUNCTIONS)
    for name in ("0011_market.sql", "0011_policies.sql", "0011_policies_of_records.sql"):
        op.execute((here / name).read_text())


def downgrade() -> None:
    """Take it all away again."""
    op.execute(
        """
        do $$
        declare
            found record;
        begin
            for found in select tablename, policyname from pg_policies where schemaname = 'public' loop
                execute format('drop policy %I on %I', found.policyname, found.tablename);
            end loop;
        end
        $$;
        drop function listed_versions(uuid, bigint, bigint);
        drop trigger list_inserted_prompts on prompts;
        drop trigger list_updated_prompts on prompts;
        drop trigger rename_seller on organizations;
        drop function list_prompts();
        drop function rename_seller();
        drop table listed_prompts;
        drop table sellers;
        """
    )
    for table in PROTECTED:
        op.execute(f"alter table {table} disable row level security")
    op.execute((Path(__file__).parent / "0011_undo_market.sql").read_text())
