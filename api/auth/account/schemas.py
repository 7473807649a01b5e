"""Bodies of the account routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field

from api.auth.identity import Role
from api.auth.session.schemas import Tokens
from api.schema import Line, RequestBody, ResponseBody

# NIST SP 800-63B-4: 15 where the password is the only factor, and no rules on what characters.
PASSWORD_MIN_LENGTH = 15
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
