"""Registration of a company with its first user."""

from sqlalchemy.exc import IntegrityError

from api.audit import Actor, AuditedObject, record
from api.audit.context import Origin
from api.auth.account import repository
from api.auth.account.errors import EmailAlreadyRegistered
from api.auth.account.password_policy import check_password
from api.auth.account.profile import user_profile
from api.auth.account.schemas import Registered, Registration
from api.auth.session.service import begin_session
from api.database import AsyncWriteSession
from api.lifespan import Resources


async def register(
    session: AsyncWriteSession, resources: Resources, wanted: Registration, origin: Origin
) -> Registered:
    """Make the company and its first user, logged in. Raises `EmailAlreadyRegistered` or `PasswordTooCommon`."""
    await check_password(wanted.password, own=(wanted.email, wanted.company_name))
    password_hash = await resources.passwords.hash(wanted.password)
    try:
        user, organization = await repository.add_company(
            session,
            company_name=wanted.company_name,
            email=wanted.email,
            password_hash=password_hash,
            role=wanted.role,
        )
    except IntegrityError:
        raise EmailAlreadyRegistered(wanted.email) from None
    await record(
        session,
        "organization.registered",
        AuditedObject("organization", organization.id, organization.id),
        new={"role": user.role},
        actor=Actor(user.id, organization.id, user.role),
    )
    resources.outbox.put(session, "mail.email_verification", user_id=str(user.id))
    resources.outbox.put(session, "stripe.customer", organization_id=str(organization.id))
    tokens = await begin_session(session, resources, user, origin)
    assert tokens is not None
    return Registered(**tokens.model_dump(), user=user_profile(user, organization))
