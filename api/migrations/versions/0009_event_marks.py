"""What the server notes about an event beside what it says, and how much of a refused one is kept."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the SQL stands beside this file."""
    op.execute((Path(__file__).parent / "0009_event_marks.sql").read_text())


def downgrade() -> None:
    """Forget them."""
    op.execute(
        """
        alter table quarantine drop column byte_count;
        alter table raw_events
            drop column sample_rate, drop column clock_offset_ms, drop column agent, drop column is_own,
            drop column is_staff;
        """
    )
