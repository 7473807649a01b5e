"""The load reads reviews too, and finds those that changed by an index."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("create index reviews_changed_idx on reviews (changed_xid)")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop index reviews_changed_idx")
