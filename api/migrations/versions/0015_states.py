"""What prompts and organizations were, from when on."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin the record; the SQL stands beside this file."""
    here = Path(__file__).parent
    for name in ("0015_states.sql", "0015_first_states.sql"):
        op.execute((here / name).read_text())


def downgrade() -> None:
    """Forget it: what was recorded is lost."""
    op.execute(
        """
        drop trigger begin_states on prompts;
        drop trigger continue_states on prompts;
        drop trigger begin_states on organizations;
        drop trigger continue_states on organizations;
        drop function begin_prompt_states();
        drop function continue_prompt_states();
        drop function begin_organization_states();
        drop function continue_organization_states();
        drop table prompt_states;
        drop table organization_states;
        """
    )
