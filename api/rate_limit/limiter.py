"""Lets requests pass, or not."""

import asyncio
import hashlib
from dataclasses import dataclass

import structlog
from limits import RateLimitItem
from redis.exceptions import RedisError
from starlette.types import Scope

from api.caller import caller_address, caller_name
from api.rate_limit.errors import LoginClosed, RateLimitExceeded
from api.rate_limit.policy import CREDENTIAL_POLICIES, Action, route_limit, scaled
from api.rate_limit.storage import BatchedRedisStorage, Window

logger = structlog.get_logger(__name__)

HeaderList = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class RouteLimit:
    """The limit of each caller on a route, and the headers that always tell it."""

    item: RateLimitItem
    headers: HeaderList


@dataclass(frozen=True)
class Counting:
    """A request that is being counted."""

    limit: RouteLimit
    answer: "asyncio.Future[list[Window]]"


@dataclass(frozen=True)
class CredentialAttempt:
    """A counted attempt, to be given back when it succeeds."""

    account_key: str | None


class RateLimiter:
    """The limits of one service, times the multipliers of its settings. Disabled, it lets everything pass."""

    def __init__(
        self, storage: BatchedRedisStorage, *, is_enabled: bool, multiplier: float, login_multiplier: float
    ) -> None:
        self._storage = storage
        self._is_enabled = is_enabled
        self._multiplier = multiplier
        self._login_multiplier = login_multiplier
        self._route_limits: dict[tuple[str, str], RouteLimit] = {}

    def begin(self, scope: Scope, route: str, limit_of_route: str | None = None) -> Counting | None:
        """Count a request of its caller on a route, which may have a limit of its own; None when limits are off."""
        if not self._is_enabled:
            return None
        limit = self._route_limit(scope["method"], route, limit_of_route)
        return Counting(limit, self._storage.count((limit.item, caller_name(scope))))

    def _route_limit(self, method: str, route: str, limit_of_route: str | None) -> RouteLimit:
        found = self._route_limits.get((method, route))
        if found is None:
            item = scaled(limit_of_route or route_limit(method), self._multiplier, f"{method} {route}")
            headers = [(name.lower().encode(), value.encode()) for name, value in _limit_headers(item).items()]
            found = self._route_limits[method, route] = RouteLimit(item, headers)
        return found

    async def admit(self, counting: Counting) -> HeaderList:
        """Headers for the answer of a counted request. Raises `RateLimitExceeded`.

        When Redis does not answer everybody passes: an outage must not close the shop.
        """
        try:
            [window] = await counting.answer
        except RedisError as error:
            logger.warning("requests_not_counted", error=str(error))
            return []
        item = counting.limit.item
        if window[0] > item.amount:
            raise _exceeded(item, window)
        return [
            *counting.limit.headers,
            (b"ratelimit-remaining", b"%d" % (item.amount - window[0])),
            (b"ratelimit-reset", b"%d" % window[1]),
        ]

    async def admit_credentials(self, scope: Scope, action: Action, account: str | None) -> CredentialAttempt:
        """Count an attempt by address and account (an e-mail, or what stands for one), before anything costly.

        Raises `RateLimitExceeded`; and `LoginClosed` when Redis does not answer: uncounted guesses are let through by
        nobody. What can't be guessed goes on.
        """
        if not self._is_enabled:
            return CredentialAttempt(None)
        policy = CREDENTIAL_POLICIES[action]
        wanted = [(scaled(policy.by_address, self._login_multiplier, f"{action} address"), caller_address(scope))]
        if account is not None:
            # E-mail addresses stay out of Redis.
            name = hashlib.sha256(account.strip().casefold().encode("utf-8", "replace")).hexdigest()[:32]
            wanted.append((scaled(policy.by_account, self._login_multiplier, f"{action} account"), name))
        try:
            windows = await self._storage.count(*wanted)
        except RedisError as error:
            if policy.is_open_uncounted:
                logger.warning("attempt_not_counted", error=str(error))
                return CredentialAttempt(None)
            logger.error("login_closed", error=str(error))
            raise LoginClosed from error
        for (item, _), window in zip(wanted, windows, strict=True):
            if window[0] > item.amount:
                raise _exceeded(item, window)
        return CredentialAttempt(wanted[1][0].key_for(wanted[1][1]) if account is not None else None)

    async def give_back(self, attempt: CredentialAttempt) -> None:
        """An attempt that succeeded was no guess: the account's counter forgets it."""
        if attempt.account_key is None:
            return
        try:
            await self._storage.give_back(attempt.account_key)
        except RedisError as error:
            logger.warning("attempt_not_given_back", error=str(error))


def _limit_headers(item: RateLimitItem) -> dict[str, str]:
    return {"RateLimit-Limit": str(item.amount), "RateLimit-Policy": f"{item.amount};w={item.get_expiry()}"}


def _exceeded(item: RateLimitItem, window: Window) -> RateLimitExceeded:
    return RateLimitExceeded(
        f"{item.amount} in {item.get_expiry()} seconds are allowed here",
        retry_after_seconds=max(1, window[1]),
        headers={**_limit_headers(item), "RateLimit-Remaining": "0", "RateLimit-Reset": str(window[1])},
    )
