"""Each batch of events tells on which days its events lie."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both days. Those of batches that were stored before stay null: their events may lie on any day."""
    op.execute(
        "alter table event_batches"
        " add column first_received_on date,"
        " add column last_received_on date,"
        " add constraint event_batches_days_in_order check ("
        "(first_received_on is null) = (last_received_on is null) and first_received_on <= last_received_on)"
    )


def downgrade() -> None:
    """Look for the events of a batch on every day again."""
    op.execute("alter table event_batches drop column first_received_on, drop column last_received_on")
