"""Sessions with their refresh tokens, and API keys."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what the SQL file beside this one creates."""
    op.execute((Path(__file__).parent / "0008_sessions.sql").read_text())


def downgrade() -> None:
    """Drop it again."""
    op.execute("drop table api_keys, refresh_tokens, sessions")
