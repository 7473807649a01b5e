"""Events in one partition a day, their ids for ever, and what became of every batch."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the events into days; the SQL stands beside this file."""
    op.execute((Path(__file__).parent / "0006_event_days.sql").read_text())


def downgrade() -> None:
    """Put the events that are still in a partition back into one table; those archived stay in the lake alone."""
    op.execute(
        """
        alter table raw_events rename to raw_events_by_day;
        alter index raw_events_changed_idx rename to raw_events_by_day_changed_idx;
        create table raw_events (
            like raw_events_by_day including defaults, primary key (source, event_id)
        );
        alter table raw_events drop column batch_id;
        create index raw_events_changed_idx on raw_events (changed_xid);
        insert into raw_events (
            source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id,
            anonymous_id, session_id, request_id, prompt_id, properties
        )
        select
            source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id,
            anonymous_id, session_id, request_id, prompt_id, properties
        from raw_events_by_day;
        drop table raw_events_by_day;
        drop function make_event_day(date);
        drop schema event_days;
        drop table event_ids;
        drop table event_batches;
        """
    )
