"""Policies that look into other tables through functions, which are planned once and not with every statement."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the policies; the SQL stands beside this file."""
    op.execute((Path(__file__).parent / "0013_quick_policies.sql").read_text())


def downgrade() -> None:
    """Let the policies look for themselves again."""
    op.execute((Path(__file__).parent / "0013_undo_quick_policies.sql").read_text())
