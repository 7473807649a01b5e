"""What can go wrong with invitations."""

from uuid import UUID

from api.errors import ApiError


class EmailNotInvitable(ApiError):
    """The address has an account, in this organization or another: which is not told, nor anything else of it."""

    status = 409

    def __init__(self, email: str) -> None:
        super().__init__(f"This address can't be invited, because there is an account for it: {email}")


class InvitationAlreadyOpen(ApiError):
    """The address is invited already, and did not answer yet."""

    status = 409

    def __init__(self, email: str) -> None:
        super().__init__(f"This address is invited already. Have the mail sent again, or revoke it: {email}")


class TooManyInvitations(ApiError):
    """The organization waits for the answers to as many invitations as it may."""

    status = 409

    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} open invitations already. Revoke some of them first")


class InvitationNotFound(ApiError):
    """No such open invitation of the asking organization."""

    status = 404

    def __init__(self, invitation_id: UUID) -> None:
        super().__init__(f"Your organization has no open invitation {invitation_id}")
