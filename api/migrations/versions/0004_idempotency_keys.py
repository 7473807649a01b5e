"""Answers of writes, kept by the key they were sent with."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.execute((Path(__file__).parent / "0004_idempotency_keys.sql").read_text())


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table idempotency_keys")
