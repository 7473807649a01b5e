"""`/api/v1/auth/totp`: the second factor."""

from fastapi import Request, status

from api.auth.errors import LoginEnded, TokenExpired, TokenInvalid
from api.auth.recovery.errors import PasswordWrong
from api.auth.second_factor import service
from api.auth.second_factor.errors import (
    CodeWrong,
    PasswordTooShortAlone,
    SecondFactorAlreadySet,
    SecondFactorNotSet,
)
from api.auth.second_factor.schemas import (
    BothFactors,
    RecoveryCodes,
    SecondFactorConfirmation,
    SecondFactorSecret,
    SecondFactorStart,
)
from api.dependencies import CurrentUser, PlatformWriteSession, Resources
from api.errors import LoginRequired, problem_responses
from api.rate_limit.errors import LoginClosed
from api.routing import feature_router

router = feature_router("auth", LoginRequired, TokenInvalid, TokenExpired, LoginEnded, LoginClosed)


@router.post(
    "/totp",
    status_code=status.HTTP_201_CREATED,
    summary="Begin to set up a second factor",
    responses=problem_responses(PasswordWrong, SecondFactorAlreadySet),
)
async def begin(
    wanted: SecondFactorStart, user: CurrentUser, resources: Resources, request: Request
) -> SecondFactorSecret:
    """Give the secret to an authenticator app, then confirm with a code of it. Until then nothing changes."""
    await resources.limiter.admit_credentials(request.scope, "login", user.email)
    return await service.begin(resources, user, wanted.password)


@router.post(
    "/totp/confirm",
    summary="Finish to set up a second factor",
    responses=problem_responses(CodeWrong, SecondFactorNotSet, SecondFactorAlreadySet),
)
async def confirm(
    confirmation: SecondFactorConfirmation,
    user: CurrentUser,
    session: PlatformWriteSession,
    resources: Resources,
    request: Request,
) -> RecoveryCodes:
    """From now on a log-in needs a code. The user's other sessions end."""
    await resources.limiter.admit_credentials(request.scope, "login", user.email)
    return await service.confirm(session, resources, user, confirmation.code)


@router.post(
    "/totp/recovery-codes",
    summary="Make new recovery codes",
    responses=problem_responses(PasswordWrong, CodeWrong, SecondFactorNotSet),
)
async def renew_recovery_codes(
    wanted: BothFactors, user: CurrentUser, resources: Resources, request: Request
) -> RecoveryCodes:
    """Needs the password and a code. The codes so far, used or not, are worth nothing from then on."""
    await resources.limiter.admit_credentials(request.scope, "login", user.email)
    return await service.renew_recovery_codes(resources, user, wanted)


@router.delete(
    "/totp",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove the second factor",
    responses=problem_responses(PasswordWrong, CodeWrong, SecondFactorNotSet, PasswordTooShortAlone),
)
async def remove(wanted: BothFactors, user: CurrentUser, resources: Resources, request: Request) -> None:
    """Needs the password, of 15 characters or more, and a code."""
    await resources.limiter.admit_credentials(request.scope, "login", user.email)
    await service.remove(resources, user, wanted)
