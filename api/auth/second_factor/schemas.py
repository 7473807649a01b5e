"""Bodies of the routes for the second factor."""

from typing import Annotated

from pydantic import Field

from api.auth.account.schemas import PASSWORD_MAX_LENGTH
from api.schema import RequestBody, ResponseBody

CurrentPassword = Annotated[str, Field(max_length=PASSWORD_MAX_LENGTH)]
Code = Annotated[str, Field(min_length=1, max_length=100, examples=["492039"])]


class SecondFactorStart(RequestBody):
    """Whose set-up it is, shown once more: who found an open screen could lock its user out."""

    password: CurrentPassword


class SecondFactorSecret(ResponseBody):
    """What the authenticator app needs. Shown once."""

    secret: str = Field(description="For typing in, Base32")
    otpauth_uri: str = Field(description="For a QR code")


class SecondFactorConfirmation(RequestBody):
    """A code, which shows that the app has the secret."""

    code: Code


class RecoveryCodes(ResponseBody):
    """Each stands in for the app once. Shown once."""

    recovery_codes: list[str]


class BothFactors(RequestBody):
    """What a change of the second factor needs, whoever is logged in."""

    password: CurrentPassword
    code: Annotated[str, Field(min_length=1, max_length=100, description="Of the app, or a recovery code")]
