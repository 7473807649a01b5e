"""Organizations, users, prompts, orders, and the inboxes for webhooks and events."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "journal_position", "quarantine", "raw_events", "webhook_inbox", "entitlements", "refunds", "orders",
    "prompt_statistics", "prompt_versions", "prompts", "users", "organizations",
)  # fmt: skip
FUNCTIONS = (
    "stamp_row", "stamp_transaction", "count_inserted_orders", "count_updated_orders", "count_inserted_refunds",
    "count_updated_refunds",
)  # fmt: skip


def upgrade() -> None:
    """Create everything; the SQL stands in two files beside this one."""
    here = Path(__file__).parent
    for name in ("0001_tables.sql", "0001_triggers.sql"):
        op.execute((here / name).read_text())


def downgrade() -> None:
    """Drop everything."""
    for table in TABLES:
        op.execute(f"drop table if exists {table} cascade")
    for function in FUNCTIONS:
        op.execute(f"drop function if exists {function}()")
