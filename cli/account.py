"""Accounts made on the command line, under the same rules as those made through the API; admins are made only here."""

import asyncio
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from api.auth.identity import Role
from warehouse.settings import Settings

ROLES: tuple[str, ...] = get_args(Role)


class AccountInvalid(Exception):
    """What was given can't become an account; the message names each field that is wrong."""


class EmailTaken(Exception):
    """There is an account with this e-mail."""


@dataclass(frozen=True)
class Account:
    """A user who can log in, and its company."""

    user_id: UUID
    organization_id: UUID
    email: str
    role: str
    company: str


def create_account(
    connection: psycopg.Connection[DictRow],
    settings: Settings,
    *,
    email: str,
    role: str,
    company: str,
    password: str,
) -> Account:
    """Make a company and its first user. Raises `AccountInvalid` or `EmailTaken`, and then nothing was made."""
    email, company = _checked(email=email, role=role, company=company, password=password)
    password_hash = hash_password(settings, password)
    with connection.transaction():
        organization = connection.execute("insert into organizations (name) values (%s) returning id", [company])
        organization_id: UUID = organization.fetchall()[0]["id"]
        user_id = add_user(
            connection, organization_id=organization_id, email=email, role=role, password_hash=password_hash
        )
        connection.execute(
            "insert into audit_log (action, object_type, object_id, organization_id, new_value)"
            " select 'user.created', 'user', subject_id::text, organization_id, jsonb_build_object('role', role)"
            " from users where id = %s",
            [user_id],
        )
        connection.execute(
            "insert into outbox (kind, payload) values ('stripe.customer', %s)",
            [Jsonb({"organization_id": str(organization_id)})],
        )
    return Account(user_id=user_id, organization_id=organization_id, email=email, role=role, company=company)


def add_user(
    connection: psycopg.Connection[DictRow], *, organization_id: UUID, email: str, role: str, password_hash: str
) -> UUID:
    """Make a user who owns an organization, in the caller's transaction; its id. Raises `EmailTaken`.

    Whoever makes users on the command line vouches for their e-mail.
    """
    try:
        added = connection.execute(
            "insert into users (organization_id, email, password_hash, role, is_owner, email_verified_at)"
            " values (%s, %s, %s, %s, true, now()) returning id",
            [organization_id, email, password_hash, role],
        )
    except psycopg.errors.UniqueViolation:
        raise EmailTaken(f"There is already an account for {email}") from None
    user_id: UUID = added.fetchall()[0]["id"]
    return user_id


def hash_password(settings: Settings, password: str) -> str:
    """The string the API checks a password against."""
    from api.auth.password import PasswordHasher

    hasher = PasswordHasher(settings.password_pepper.get_secret_value(), bcrypt_cost=settings.password_bcrypt_cost)
    return asyncio.run(hasher.hash(password))


def _checked(*, email: str, role: str, company: str, password: str) -> tuple[str, str]:
    """E-mail and company as they are stored. Raises `AccountInvalid`."""
    # Imported late: the API's modules take a second, which other commands should not.
    from api.auth.account.errors import PasswordTooCommon
    from api.auth.account.password_policy import check_password
    from api.auth.account.schemas import Registration

    if role not in ROLES:
        raise AccountInvalid(f"role: must be one of {', '.join(ROLES)}, not {role!r}")
    if not company.strip():
        raise AccountInvalid("company: must not be empty")
    try:
        # A registration can't ask for the role of an admin; everything else is the same.
        asked = "buyer" if role == "admin" else role
        checked = Registration.model_validate(
            {"email": email, "role": asked, "company_name": company, "password": password}
        )
    except ValidationError as error:
        problems = [
            f"{str(each['loc'][0]).removesuffix('_name')}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        ]
        raise AccountInvalid("; ".join(problems)) from None
    try:
        asyncio.run(check_password(password, own=(checked.email, checked.company_name)))
    except PasswordTooCommon as error:
        raise AccountInvalid(error.detail) from None
    return checked.email, checked.company_name
