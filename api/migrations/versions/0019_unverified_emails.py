"""Erasures tell e-mails that nobody verified from those that are known to be the person's."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAMES_NOBODY = """
alter table erasures drop constraint done_erasures_name_nobody;
alter table erasures add constraint done_erasures_name_nobody check (
    (completed_at is null) = (user_id is not null)
    and (completed_at is null or cardinality({names} || anonymous_ids || session_ids || remaining) = 0)
);
"""


def upgrade() -> None:
    """Add the column. The e-mails of erasures that are under way stay what they were taken for."""
    op.execute("alter table erasures add column unverified_emails text[] not null default '{}'")
    op.execute(NAMES_NOBODY.format(names="emails || unverified_emails"))


def downgrade() -> None:
    """Look for all of them everywhere again."""
    op.execute("update erasures set emails = emails || unverified_emails, unverified_emails = '{}'")
    op.execute(NAMES_NOBODY.format(names="emails"))
    op.execute("alter table erasures drop column unverified_emails")
