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
    """Create everything; the SQL stands in files beside this one, by topic."""
    here = Path(__file__).parent
    for topic in ("catalog", "orders", "events", "load_indexes", "triggers"):
        op.execute((here / f"0001_{topic}.sql").read_text())


def downgrade() -> None:
    """Drop everything."""
    for table in TABLES:
        op.execute(f"drop table if exists {table} cascade")
    for function in FUNCTIONS:
        op.execute(f"drop function if exists {function}()")
