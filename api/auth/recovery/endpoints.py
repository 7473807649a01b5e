"""`/api/v1/auth`: verification of e-mails, forgotten and changed passwords."""

from fastapi import Request, status

from api.auth.account.errors import PasswordTooCommon, PasswordTooShort
from api.auth.errors import LoginEnded, TokenExpired, TokenInvalid
from api.auth.link.errors import LinkInvalid
from api.auth.recovery import service
from api.auth.recovery.errors import PasswordWrong
from api.auth.recovery.schemas import (
    PasswordChange,
    PasswordResetConfirmation,
    PasswordResetRequest,
    VerificationConfirmation,
)
from api.dependencies import CurrentUser, PlatformWriteSession, Resources
from api.errors import LoginRequired, problem_responses
from api.rate_limit.errors import LoginClosed
from api.routing import feature_router

router = feature_router("auth")


@router.post(
    "/verification",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Have the verification mail sent again",
    responses=problem_responses(LoginRequired, TokenInvalid, TokenExpired, LoginEnded, LoginClosed),
)
async def send_verification(
    user: CurrentUser, session: PlatformWriteSession, resources: Resources, request: Request
) -> None:
    """At most once a minute, and not when the e-mail is verified already."""
    await resources.limiter.admit_credentials(request.scope, "verification", user.email)
    resources.outbox.put(session, "mail.email_verification", user_id=str(user.user_id))


@router.post(
    "/verification/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Verify an e-mail",
    responses=problem_responses(LinkInvalid, LoginClosed),
)
async def confirm_verification(
    confirmation: VerificationConfirmation, session: PlatformWriteSession, resources: Resources, request: Request
) -> None:
    """With the token of the link in the mail."""
    await resources.limiter.admit_credentials(request.scope, "verification", confirmation.token)
    await service.confirm_verification(session, resources, confirmation.token)


@router.post(
    "/password-reset",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Have a link to a new password mailed",
    responses=problem_responses(LoginClosed),
)
async def request_password_reset(
    wanted: PasswordResetRequest, session: PlatformWriteSession, resources: Resources, request: Request
) -> None:
    """The same answer whether or not anybody has this e-mail, after the same time."""
    await resources.limiter.admit_credentials(request.scope, "password reset", wanted.email)
    resources.outbox.put(session, "mail.password_reset", email=wanted.email)


@router.post(
    "/password-reset/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Set a new password",
    responses=problem_responses(LinkInvalid, PasswordTooShort, PasswordTooCommon, LoginClosed),
)
async def reset_password(wanted: PasswordResetConfirmation, resources: Resources, request: Request) -> None:
    """With the token of the link in the mail. Ends every session; a second factor stays."""
    await resources.limiter.admit_credentials(request.scope, "password reset", wanted.token)
    await service.reset_password(resources, wanted)


@router.post(
    "/password",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Change the password",
    responses=problem_responses(
        LoginRequired,
        TokenInvalid,
        TokenExpired,
        LoginEnded,
        PasswordWrong,
        PasswordTooShort,
        PasswordTooCommon,
        LoginClosed,
    ),
)
async def change_password(wanted: PasswordChange, user: CurrentUser, resources: Resources, request: Request) -> None:
    """Needs the password so far. Ends the user's other sessions."""
    attempt = await resources.limiter.admit_credentials(request.scope, "login", user.email)
    await service.change_password(resources, user, wanted)
    await resources.limiter.give_back(attempt)
