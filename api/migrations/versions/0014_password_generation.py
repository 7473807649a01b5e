"""Which password a user has, apart from how it is hashed."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count from 1. Links to a new password that are open now are worth nothing; they are good for an hour anyway."""
    op.execute(
        """
        alter table users add column password_generation bigint not null default 1;
        delete from account_links where purpose = 'password_reset' and used_at is null;
        """
    )


def downgrade() -> None:
    """Know a password by its hash again."""
    op.execute(
        """
        alter table users drop column password_generation;
        delete from account_links where purpose = 'password_reset' and used_at is null;
        """
    )
