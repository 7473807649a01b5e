"""The audit log: who did what from where, append-only."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the SQL file beside this one adds."""
    op.execute((Path(__file__).parent / "0003_audit_log.sql").read_text())


def downgrade() -> None:
    """Take it away again."""
    op.execute(
        """
        drop table audit_origins;
        drop table audit_log;
        drop function refuse_change();
        drop function keep_origin();
        alter table users drop column subject_id;
        """
    )
