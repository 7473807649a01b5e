"""Log-in through the API: who is looking, and for which company. Knows nothing of Streamlit."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

TIMEOUT_SECONDS = 10.0
# Renewed this long before its end, so that a token never runs out on its way.
RENEW_BEFORE = timedelta(seconds=30)

Answer = TypeVar("Answer", bound=BaseModel)


class LogInFailed(Exception):
    """Nobody could be logged in; the message says why and what to do."""


class ApiUnreachable(LogInFailed):
    """The API does not answer."""


class CredentialsWrong(LogInFailed):
    """The API knows no such e-mail with this password."""


class SecondFactorNeeded(LogInFailed):
    """The password is right, and a code of the authenticator app is needed with it."""


class NotASeller(LogInFailed):
    """The account is good, but not a seller's."""


class AccountChangeRefused(LogInFailed):
    """The API refuses the change; the message says why."""


class LogInExpired(LogInFailed):
    """The log-in ended and could not be renewed."""


@dataclass(frozen=True)
class Seller:
    """A logged-in person and the company whose figures may be shown."""

    email: str
    organization_id: str
    organization_name: str
    access_token: str
    refresh_token: str
    expires_at: datetime

    def must_renew(self, now: datetime) -> bool:
        """Whether the access token is over, or nearly."""
        return now >= self.expires_at - RENEW_BEFORE


class _Tokens(BaseModel):
    access_token: str
    refresh_token: str
    expires_in: int


class _Me(BaseModel):
    email: str
    role: str
    organization_id: str
    company_name: str


class AccountApi:
    """The API's routes for log-ins."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url.rstrip("/")
        # Proxies of the environment are for the outside world, and the API is ours.
        self._http = httpx.Client(base_url=f"{self.api_url}/api/v1/auth", timeout=TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def log_in(self, email: str, password: str, *, code: str | None = None) -> Seller:
        """Who has this e-mail and password, and the code where the account needs one. Raises `LogInFailed`."""
        credentials = {"email": email.strip(), "password": password}
        answer = self._send("POST", "login", json=credentials | ({"totp_code": code.strip()} if code else {}))
        problem = _problem_type(answer)
        if problem == "second-factor-required":
            raise SecondFactorNeeded("Enter a code of your authenticator app, or one of your recovery codes.")
        if problem == "second-factor-wrong":
            raise SecondFactorNeeded("This code is wrong or was used already. Wait for the next one.")
        if answer.status_code in {400, 401, 422}:
            raise CredentialsWrong("E-mail or password is wrong. Check both and try again.")
        return self._seller(self._read(answer, _Tokens))

    def renew(self, seller: Seller) -> Seller:
        """The same log-in with new tokens, as far as the account still is a seller's. Raises `LogInFailed`."""
        answer = self._send("POST", "refresh", json={"refresh_token": seller.refresh_token})
        if answer.status_code in {400, 401, 403, 422}:
            raise LogInExpired("Your log-in has expired. Log in again.")
        return self._seller(self._read(answer, _Tokens))

    def log_out(self, seller: Seller) -> None:
        """End the log-in in the API as well. Raises `ApiUnreachable`; a token that is over already needs no end."""
        self._send("POST", "logout", headers=_bearer(seller.access_token), json={"refresh_token": seller.refresh_token})

    def ask_for_reset(self, email: str) -> None:
        """Have a link to a new password mailed, if anybody has this e-mail. Raises `AccountChangeRefused`."""
        self._change("password-reset", {"email": email.strip()})

    def reset_password(self, token: str, password: str, *, revokes_keys: bool = False) -> None:
        """Set a new password with the token of a mailed link. Raises `AccountChangeRefused`."""
        body = {"token": token, "password": password, "revoke_api_keys": revokes_keys}
        self._change("password-reset/confirm", body)

    def verify_email(self, token: str) -> None:
        """Verify an e-mail with the token of a mailed link. Raises `AccountChangeRefused`."""
        self._change("verification/confirm", {"token": token})

    def accept_invitation(self, token: str, password: str) -> None:
        """Join an organization with the token of a mailed link. Raises `AccountChangeRefused`."""
        self._change("invitations/accept", {"token": token, "password": password})

    def _change(self, path: str, body: dict[str, Any]) -> None:
        answer = self._send("POST", path, json=body)
        if not answer.is_success:
            raise AccountChangeRefused(_detail(answer) or f"The API answered with status {answer.status_code}.")

    def _seller(self, tokens: _Tokens) -> Seller:
        answer = self._send("GET", "me", headers=_bearer(tokens.access_token))
        me = self._read(answer, _Me)
        if me.role != "seller":
            raise NotASeller(
                f"These pages are for sellers, and {me.email} is registered as {me.role}. "
                "Log in with a seller's account."
            )
        return Seller(
            email=me.email,
            organization_id=me.organization_id,
            organization_name=me.company_name,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_at=datetime.now(UTC) + timedelta(seconds=tokens.expires_in),
        )

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiUnreachable(
                f"The API does not answer at {self.api_url}. Start it with ./start.sh or make dev, "
                "or set API_URL to where it runs, and try again."
            ) from error

    def _read(self, answer: httpx.Response, shape: type[Answer]) -> Answer:
        if answer.is_success:
            try:
                return shape.model_validate_json(answer.content)
            except ValidationError as error:
                raise LogInFailed(
                    f"What answers at {self.api_url} is not this marketplace's API. Set API_URL to where it runs."
                ) from error
        raise LogInFailed(_refusal(answer))


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem document, empty when it is none."""
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _problem_type(answer: httpx.Response) -> str:
    """The last word of a problem's type."""
    return str(_problem(answer).get("type", "")).rpartition(":")[2]


def _detail(answer: httpx.Response) -> str | None:
    detail = _problem(answer).get("detail")
    return str(detail) if detail else None


def _refusal(answer: httpx.Response) -> str:
    """What a problem document says, or the status when it is none."""
    detail = _detail(answer)
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return f"{detail or 'There were too many attempts.'} Wait a little before the next one."
    return f"The API could not log you in (status {answer.status_code}): {detail or 'it gave no reason'}"
