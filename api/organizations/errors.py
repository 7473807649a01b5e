"""What can go wrong with members of an organization."""

from uuid import UUID

from api.errors import ApiError


class OwnerRequired(ApiError):
    """Members see their organization; its owners change it."""

    status = 403

    def __init__(self) -> None:
        super().__init__("This is for owners of the organization. Ask one of them to do it, or to make you one")


class MemberNotFound(ApiError):
    """No such user, or not one of the asking organization: which one is not told."""

    status = 404

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"Your organization has no member {user_id}")


class LastOwner(ApiError):
    """After the change nobody could manage the organization any more."""

    status = 409

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"An organization needs an active owner. Make another member one first. User: {user_id}")


class MemberClosedByPlatform(ApiError):
    """The platform closed the account, and it alone opens it again."""

    status = 409

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"The platform closed this member's account; an organization can't open it again: {user_id}")


class OperatorNotChangeable(ApiError):
    """Operators of the platform are made, changed and closed by operators."""

    status = 409

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"This member is an operator of the platform, whose role is not the organization's: {user_id}")
