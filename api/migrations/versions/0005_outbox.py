"""The outbox: what is owed to mail servers and Stripe."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the SQL file beside this one adds."""
    op.execute((Path(__file__).parent / "0005_outbox.sql").read_text())


def downgrade() -> None:
    """Take it away again."""
    op.execute("drop table outbox")
