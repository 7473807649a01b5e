"""Owners, invitations, mailed links and second factors."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the SQL file beside this one adds."""
    op.execute((Path(__file__).parent / "0012_accounts.sql").read_text())


def downgrade() -> None:
    """Take it away again."""
    op.execute(
        """
        drop table recovery_codes;
        drop table second_factors;
        drop table account_links;
        drop table invitations;
        alter table users drop column email_verified_at;
        alter table users drop column is_owner;
        """
    )
