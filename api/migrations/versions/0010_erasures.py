"""Erasures: the work list, and users without a name that orders belong to."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the SQL file beside this one adds."""
    op.execute((Path(__file__).parent / "0010_erasures.sql").read_text())


def downgrade() -> None:
    """Take it away again; users without a name stay, under a name that says so."""
    op.execute(
        """
        drop table erasures;
        update users set external_id = 'erased:' || id where erased_at is not null;
        alter table users drop constraint users_are_known_by_email_or_import;
        alter table users add constraint users_are_known_by_email_or_import
        check (email is not null or external_id is not null);
        alter table users drop column erased_at;
        """
    )
