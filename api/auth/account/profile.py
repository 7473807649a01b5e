"""What a user is told about itself."""

from typing import cast

from api.auth.account.schemas import UserProfile
from api.auth.identity import Role
from api.models import Organization, User


def user_profile(user: User, organization: Organization) -> UserProfile:
    """The user as the user sees it."""
    return UserProfile(
        id=user.id,
        email=user.email or "",
        role=cast(Role, user.role),
        organization_id=organization.id,
        company_name=organization.name,
        created_at=user.created_at,
    )
