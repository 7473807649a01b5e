"""What operators can't do."""

from uuid import UUID

from api.errors import ApiError


class UserNotFound(ApiError):
    """No such user."""

    status = 404

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"There is no user {user_id}")


class OrganizationNotFound(ApiError):
    """No such organization."""

    status = 404

    def __init__(self, organization_id: UUID) -> None:
        super().__init__(f"There is no organization {organization_id}")


class OwnAccountNotChangeable(ApiError):
    """An operator who closes or demotes itself may be the last one."""

    status = 409

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"This is your own account; another operator has to change it: {user_id}")


class LastOperator(ApiError):
    """Without this user nobody could look after the platform."""

    status = 409

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"This is the last operator. Make another one first: {user_id}")


class UserHasNoLogin(ApiError):
    """The user came with an import and can't log in."""

    status = 409

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"This user was imported and has no log-in: {user_id}")
