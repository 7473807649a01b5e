"""Rows name people and sellers that belong to them; where somebody acted from is for their own company."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the policies; the SQL stands beside this file."""
    op.execute((Path(__file__).parent / "0018_named_people.sql").read_text())


def downgrade() -> None:
    """Ask about the organization alone again."""
    op.execute((Path(__file__).parent / "0018_undo_named_people.sql").read_text())
