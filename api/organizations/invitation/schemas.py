"""Bodies of the routes for invitations."""

from datetime import datetime
from uuid import UUID

from api.auth.account.schemas import Email, Password
from api.auth.recovery.schemas import LinkToken
from api.organizations.schemas import MemberRole
from api.schema import RequestBody, ResponseBody


class InvitationBody(RequestBody):
    """Whom to invite, and as what."""

    email: Email
    role: MemberRole


class InvitationDetail(ResponseBody):
    """An invitation that waits for an answer."""

    id: UUID
    email: str
    role: MemberRole
    invited_by_user_id: UUID | None
    created_at: datetime
    expires_at: datetime


class InvitationAcceptance(RequestBody):
    """The token in the link of the mail, and the password of the new account."""

    token: LinkToken
    password: Password
