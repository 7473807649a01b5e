"""Bodies of the routes for verification and passwords."""

from typing import Annotated

from pydantic import Field, StrictBool

from api.auth.account.schemas import PASSWORD_MAX_LENGTH, Email, NewPassword
from api.schema import RequestBody

LinkToken = Annotated[str, Field(min_length=1, max_length=1000, description="The `token` in the link of the mail")]


RevokeApiKeys = Annotated[
    StrictBool, Field(description="Revoke the API keys the user made as well. Programs that use them stop working")
]


class VerificationConfirmation(RequestBody):
    """The token of a verification mail."""

    token: LinkToken


class PasswordResetRequest(RequestBody):
    """Whose password was forgotten."""

    email: Email


class PasswordResetConfirmation(RequestBody):
    """The token of a reset mail, and the password from now on."""

    token: LinkToken
    password: NewPassword
    revoke_api_keys: RevokeApiKeys = False


class PasswordChange(RequestBody):
    """The password so far, and from now on."""

    current_password: Annotated[str, Field(max_length=PASSWORD_MAX_LENGTH)]
    new_password: NewPassword
    revoke_api_keys: RevokeApiKeys = False
