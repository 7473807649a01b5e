"""How long a refused log-in takes, by why it is refused: no clock should tell which e-mails are known.

One after the other in turns, so that what else the machine does touches all alike, hashed at the cost of production.
A second known account is the measure of chance: nothing tells it from the first.
"""

import statistics
import tempfile
import time
from bisect import bisect_right
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from uuid import uuid4

import click
import httpx

from bench.marketplace import Marketplace
from warehouse.databases import connect
from warehouse.settings import Settings

ATTEMPTS = 40
WARM_UP_ATTEMPTS = 2
PASSWORD = "a long enough pass phrase"
WRONG_PASSWORD = "a wrong and long pass phrase"
PRODUCTION = {
    "PASSWORD_BCRYPT_COST": str(Settings.model_fields["password_bcrypt_cost"].default),
    # Counted as always, and never used up.
    "RATE_LIMITS_ENABLED": "true",
    "LOGIN_RATE_LIMIT_MULTIPLIER": "1000000",
}
# Of the Kolmogorov-Smirnov statistic, for a chance of 5 % that samples of the same distribution are further apart.
CHANCE_5_PERCENT = 1.358
KNOWN = "known e-mail, wrong password"


def measure_login_timing() -> None:
    """Print the medians, their ratios to that of a known e-mail, and how far apart the distributions are."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        marketplace = Marketplace(Path(directory), **PRODUCTION)
        with marketplace.servers() as servers:
            try:
                marketplace.start("api")
                with httpx.Client(base_url=marketplace.url, trust_env=False, timeout=60) as client:
                    emails = {
                        KNOWN: _register(client),
                        "another known e-mail": _register(client),
                        "unknown e-mail": _new_email(),
                        "deactivated account": _register(client),
                    }
                    with connect(servers.database_url, autocommit=True) as connection:
                        connection.execute(
                            "update users set is_active = false where email = %s", [emails["deactivated account"]]
                        )
                    seconds = _take_turns(client, emails)
            finally:
                marketplace.stop()
    _tell(seconds)


def distance(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sample Kolmogorov-Smirnov statistic: the widest gap between the shares that are at most so long."""
    ones, others = sorted(first), sorted(second)
    return max(abs(bisect_right(ones, at) / len(ones) - bisect_right(others, at) / len(others)) for at in ones + others)


def _take_turns(client: httpx.Client, emails: dict[str, str]) -> dict[str, list[float]]:
    kinds = list(emails)
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn in range(-WARM_UP_ATTEMPTS, ATTEMPTS):
        start = turn % len(kinds)
        for kind in kinds[start:] + kinds[:start]:
            took = _refused_after(client, emails[kind])
            if turn >= 0:
                seconds[kind].append(took)
    return seconds


def _refused_after(client: httpx.Client, email: str) -> float:
    begun = time.perf_counter()
    answer = client.post("/auth/login", json={"email": email, "password": WRONG_PASSWORD})
    took = time.perf_counter() - begun
    if answer.status_code != httpx.codes.UNAUTHORIZED:
        raise RuntimeError(f"a wrong log-in was answered with {answer.status_code}: {answer.text}")
    return took


def _tell(seconds: dict[str, list[float]]) -> None:
    known = seconds[KNOWN]
    bound = CHANCE_5_PERCENT * sqrt(2 / ATTEMPTS)
    click.echo(
        f"login-timing: {ATTEMPTS} refused log-ins of each kind, bcrypt cost {PRODUCTION['PASSWORD_BCRYPT_COST']}; "
        f"of the same distribution, 95 % are within {bound:.2f}"
    )
    for kind, taken in seconds.items():
        click.echo(
            f"{kind:<30} median {statistics.median(taken) * 1000:>6.1f} ms   "
            f"ratio {statistics.median(taken) / statistics.median(known):.3f}   "
            f"Kolmogorov-Smirnov {distance(known, taken):.2f}"
        )


def _register(client: httpx.Client) -> str:
    email = _new_email()
    body = {"email": email, "password": PASSWORD, "company_name": "Acme", "role": "buyer"}
    client.post("/auth/register", json=body).raise_for_status()
    return email


def _new_email() -> str:
    return f"{uuid4().hex}@acme.example"
