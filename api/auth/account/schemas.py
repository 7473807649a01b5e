"""Bodies of the account routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field

from api.auth.account.password_policy import PASSWORD_MIN_LENGTH, PASSWORD_MIN_LENGTH_WITH_SECOND_FACTOR
from api.auth.identity import Role
from api.auth.session.schemas import Tokens
from api.schema import Line, RequestBody, ResponseBody

# No rules on what characters (NIST SP 800-63B-4, 3.1.1.2); any length that is still typed or pasted.
PASSWORD_MAX_LENGTH = 1024


def normalize_email(value: str) -> str:
    """The address in the one form it is stored and looked up in. Nothing is asked of the network."""
    try:
        found = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return found.normalized.lower()


Email = Annotated[str, Field(max_length=254, examples=["ana@acme.example"]), AfterValidator(normalize_email)]
Password = Annotated[
    str, Field(min_length=PASSWORD_MIN_LENGTH, max_length=PASSWORD_MAX_LENGTH, examples=["correct horse battery"])
]

# Of an account that may have a second factor: how many characters it needs is then for the account to say.
NewPassword = Annotated[
    str,
    Field(
        min_length=PASSWORD_MIN_LENGTH_WITH_SECOND_FACTOR,
        max_length=PASSWORD_MAX_LENGTH,
        examples=["correct horse battery"],
    ),
]


class Registration(RequestBody):
    """A new company and its first user."""

    email: Email
    password: Password
    company_name: Line
    role: Literal["buyer", "seller"] = Field(description="Admins are made on the command line")


class Credentials(RequestBody):
    """A log-in."""

    # Not checked for form: what can't be an account is as wrong as an unknown one.
    email: Annotated[str, Field(max_length=1000)]
    password: Annotated[str, Field(max_length=PASSWORD_MAX_LENGTH)]
    totp_code: Annotated[str, Field(max_length=100)] | None = Field(
        None,
        examples=["492039"],
        description="A code of the authenticator app or a recovery code, for accounts with a second factor",
    )


class UserProfile(ResponseBody):
    """A user as the user sees it."""

    id: UUID
    email: str
    role: Role
    organization_id: UUID
    company_name: str
    created_at: datetime


class Registered(Tokens):
    """The new user, logged in."""

    user: UserProfile
