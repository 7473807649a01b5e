"""Which days of events left the database, so that one that is gone from the lake too is missed."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Days that left before are written down by the next archiving, as the lake has them. The API has nothing to do with it.
TABLE = """
create table event_days_let_go (
    received_date date primary key,
    event_count bigint not null check (event_count > 0),
    let_go_at timestamptz not null default now()
);
alter table event_days_let_go enable row level security;
create policy platform on event_days_let_go using ((select tenancy.is_platform()));
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Forget them."""
    op.execute("drop table event_days_let_go")
