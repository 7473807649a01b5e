"""Reviews, decisions with their statement of reasons, and appeals."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the SQL files beside this one add."""
    here = Path(__file__).parent
    for name in ("0007_reviews_and_decisions.sql", "0007_decision_rules.sql"):
        op.execute((here / name).read_text())


def downgrade() -> None:
    """Take it away again."""
    op.execute(
        """
        drop trigger keep_taken_down on prompts;
        drop table appeals;
        drop table decisions;
        drop table reviews;
        drop function keep_taken_down();
        drop function follow_decision_rules();
        drop function follow_appeal_rules();
        """
    )
