"""One open order a buyer and prompt, waiting times of webhooks, and the indexes that listing goes by."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the SQL file beside this one adds."""
    op.execute((Path(__file__).parent / "0002_payments_and_listing.sql").read_text())


def downgrade() -> None:
    """Take it away again."""
    op.execute(
        """
        drop index orders_one_pending_idx;
        drop index orders_newest_idx;
        drop index orders_buyer_newest_idx;
        create index orders_buyer_idx on orders (buyer_organization_id, id desc);
        drop index entitlements_newest_idx;
        drop index prompt_statistics_popular_idx;
        drop index webhook_inbox_due_idx;
        alter table webhook_inbox drop column next_attempt_at;
        create index webhook_inbox_waiting_idx on webhook_inbox (id) where handled_at is null;
        """
    )
