"""What the payment provider booked, and how far its ledger was read."""

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables; the SQL stands beside this file."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    """Forget them: the ledger can be read again."""
    op.execute("drop table balance_transactions; drop table ledger_positions")
