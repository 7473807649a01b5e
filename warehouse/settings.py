"""Every setting of the product, read once from the environment (and `.env`)."""

import re
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from warehouse.production import refused_in_production, secret_names

PROJECT_ROOT = Path(__file__).resolve().parent.parent

# Known to everybody who reads this file, so production refuses them.
DEVELOPMENT_JWT_SECRET = "development-only-jwt-secret-of-at-least-32-bytes"  # nosec B105
DEVELOPMENT_PASSWORD_PEPPER = "development-only-password-pepper-32-bytes"  # nosec B105
DEVELOPMENT_STRIPE_API_KEY = "sk_test_development_only"
DEVELOPMENT_STRIPE_WEBHOOK_SECRET = "whsec_development_only"  # nosec B105

# HMAC-SHA-256 is as strong as its key up to this length (RFC 7518, 3.2).
SECRET_MIN_BYTES = 32
# OWASP's least work factor for bcrypt.
BCRYPT_MIN_COST = 10

# Added to the API's port, so that two clones with other ports have two simulators.
STRIPE_SIMULATOR_PORT_OFFSET = 4111
HIGHEST_PORT = 65535
# A century: dates end where more days lead.
DAYS_MAX = 36_525
DEVELOPMENT_RATE_MULTIPLIER = 20.0
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")


def _split(value: Any) -> Any:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


# Names separated by commas.
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class SettingsInvalid(Exception):
    """The environment holds settings the product can't start with; the message names every one of them."""


class Settings(BaseSettings):
    """Settings by environment variable; the name of a variable is the name of the field in capitals."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env", extra="ignore", frozen=True, env_ignore_empty=True, validate_default=True
    )

    environment: Literal["development", "test", "production"] = "development"
    data_dir: Path = Path(".data")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    database_url: str | None = None
    warehouse_url: str | None = None
    redis_url: str | None = None
    # The passwords of roles that own nothing are derived from it, unless an operator made the roles and names them.
    tenancy_secret: SecretStr | None = None
    application_database_url: str | None = None
    marts_database_url: str | None = None
    analyst_database_url: str | None = None

    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=HIGHEST_PORT)
    dashboard_port: int = Field(8501, ge=1, le=HIGHEST_PORT)
    dagster_port: int = Field(3000, ge=1, le=HIGHEST_PORT)
    api_url: str | None = None

    jwt_secret: SecretStr = SecretStr(DEVELOPMENT_JWT_SECRET)
    # Separated by commas: tokens signed with them are accepted (docs/authentication.md, "Changing the signing key").
    jwt_previous_secrets: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)] = ()
    access_token_minutes: int = Field(30, ge=1)
    refresh_token_days: int = Field(7, ge=1, le=DAYS_MAX)
    password_pepper: SecretStr = SecretStr(DEVELOPMENT_PASSWORD_PEPPER)
    # Cost 12 takes about 0.3 s on one core of 2026.
    password_bcrypt_cost: int = Field(12, ge=4, le=16)

    # Where mail goes, such as smtps://user:password@host:465; without it, into files under DATA_DIR/mail.
    mail_url: SecretStr | None = None
    mail_from: str | None = None
    # The pages that links in mails lead to; by default those of the dashboards.
    account_url: str | None = None
    # Whether an e-mail must be verified before its user publishes or buys; by default in production alone.
    email_verification_required: bool | None = None

    stripe_api_key: SecretStr = SecretStr(DEVELOPMENT_STRIPE_API_KEY)
    stripe_webhook_secret: SecretStr = SecretStr(DEVELOPMENT_STRIPE_WEBHOOK_SECRET)
    stripe_api_base: str | None = None
    stripe_simulator_port: int | None = Field(None, ge=1, le=HIGHEST_PORT)
    # Charged when a buyer names no card; in production nobody's.
    stripe_default_payment_method: str | None = None

    # Pages of these origins may call the API from a browser. Nobody else's by default.
    cors_origins: Names = ()
    # Addresses or networks of proxies whose X-Forwarded-For is believed.
    trusted_proxies: Names = ()
    rate_limits_enabled: bool = True
    # Times the limits of ordinary routes; by default 1 in production, and 20 where load is tried out.
    rate_limit_multiplier: float | None = Field(None, gt=0)
    # Times the limits of logging in, registering, and whatever else guesses.
    login_rate_limit_multiplier: float = Field(1.0, gt=0)
    # A request that is not answered by then is given up. Below the 90 seconds an idempotency key stays claimed.
    request_timeout_seconds: float = Field(60.0, gt=0, le=80)
    # How long a client may take to send its body.
    body_timeout_seconds: float = Field(30.0, gt=0)
    # Reads of figures that a process lets go on at once, and as many of rankings beside them.
    marts_reads_at_once: int = Field(8, ge=1)
    # How long a further one waits for a place.
    marts_wait_seconds: float = Field(5.0, gt=0)
    sentry_dsn: SecretStr | None = None

    event_flush_max_events: int = Field(100, ge=1)
    event_flush_interval_seconds: float = Field(60.0, gt=0, le=86_400)
    # Whether the API stores what it accepted, or leaves it to `manage.py events flush --follow` alone.
    api_flushes_events: bool = True
    # Batches that may wait in the journal; then the API answers 503 until some are stored.
    event_journal_max_entries: int = Field(100_000, ge=1)
    # The same in bytes, where Redis has no limit of its memory (`maxmemory`); where it has, three quarters of that.
    event_stream_max_bytes: int = Field(402_653_184, ge=1)
    event_batch_max_events: int = Field(1000, ge=1)
    # Days of events older than this leave the application database, once they are archived and loaded.
    event_retention_days: int = Field(90, ge=1, le=DAYS_MAX)
    quarantine_retention_days: int = Field(90, ge=1, le=DAYS_MAX)
    # What is usual of arriving events; a run warns of more. Shares are 0 to 1, lateness is from happening to arriving.
    event_lateness_p50_max_seconds: float = Field(60.0, gt=0)
    event_lateness_p95_max_seconds: float = Field(3600.0, gt=0)
    # Of events that nobody causes without a log-in, those without a user. People who were erased are not among them.
    event_null_user_max_share: float = Field(0.1, ge=0, le=1)
    # Programs that call the API need not say which visit a call belongs to.
    event_null_session_max_share: float = Field(1.0, ge=0, le=1)
    event_null_prompt_max_share: float = Field(0.0, ge=0, le=1)
    event_quarantined_max_share: float = Field(0.05, ge=0, le=1)
    event_dropped_max_share: float = Field(0.001, ge=0, le=1)
    # With more events than this, checks look at what came since the last publication, and at all once a UTC day.
    checks_in_full_up_to_events: int = Field(500_000, ge=0)
    # Figures, and what waits in the outbox or the journal, may be this old before ops are told.
    alert_freshness_max_minutes: int = Field(150, ge=1)
    alert_backlog_max_minutes: int = Field(30, ge=1)
    # An alert that goes on is told again after this long.
    alert_repeat_hours: float = Field(24.0, gt=0)
    alert_email_to: Names = ()
    alert_webhook_url: str | None = None
    alert_webhook_secret: SecretStr | None = None
    # Runs of the micro-batch sensor start when this many events wait for the pipeline.
    pipeline_sensor_min_events: int = Field(500, ge=1)
    # What Dagster recorded of older runs is deleted.
    run_retention_days: int = Field(90, ge=1, le=DAYS_MAX)
    # Publications whose snapshot is kept can be restored: the newest ones, and the last of each of the last days.
    snapshots_kept: int = Field(5, ge=1)
    snapshot_days_kept: int = Field(7, ge=0)
    # What a build on DuckDB may hold in memory before it writes to disk.
    engine_memory_limit_mb: int = Field(3000, ge=500)
    # The ranks of a day, as its last publication had them, and restatements can be looked up for this long.
    rank_history_days: int = Field(400, ge=1, le=DAYS_MAX)

    @field_validator("cors_origins")
    @classmethod
    def name_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Each is `scheme://host[:port]`; `*` would let every page act for its visitor."""
        wrong = [origin for origin in value if not ORIGIN.fullmatch(origin)]
        if wrong:
            raise ValueError(f"must be origins such as https://shop.example, not {', '.join(wrong)}")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def name_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Each is an address or a network."""
        for network in value:
            ip_network(network, strict=False)
        return value

    @field_validator("stripe_default_payment_method")
    @classmethod
    def use_test_card_outside_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Stripe's test mode, and the simulator, know a card that always pays."""
        return value or (None if info.data.get("environment") == "production" else "pm_card_visa")

    @field_validator(
        "database_url", "warehouse_url", "application_database_url", "marts_database_url", "analyst_database_url"
    )
    @classmethod
    def name_postgres(cls, value: str | None) -> str | None:
        """A URL of another kind of server is found here, not by a driver that can't say what is wrong."""
        if value is not None and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def name_redis(cls, value: str | None) -> str | None:
        """The same for Redis."""
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("mail_url")
    @classmethod
    def name_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        """And for the mail server."""
        if value is not None and not _names_mail_server(value.get_secret_value()):
            raise ValueError("must read smtp://user:password@host:port, or smtps:// for one encrypted from the start")
        return value

    @field_validator("alert_webhook_url")
    @classmethod
    def name_webhook(cls, value: str | None) -> str | None:
        """Alerts leave the machine encrypted."""
        parts = urlsplit(value or "https://")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")):
            raise ValueError("must begin with https:// (http:// is for this machine alone)")
        return value

    @property
    def mail_sender(self) -> str:
        """Who mails come from."""
        return self.mail_from or "Prompt marketplace <no-reply@localhost>"

    @property
    def account_pages_url(self) -> str:
        """Where a link in a mail leads, without the page's name."""
        return (self.account_url or f"http://127.0.0.1:{self.dashboard_port}").rstrip("/")

    @property
    def needs_verified_email(self) -> bool:
        """Whether users must have shown that their e-mail is theirs before they publish or buy."""
        if self.email_verification_required is not None:
            return self.email_verification_required
        return self.environment == "production"

    @property
    def data_path(self) -> Path:
        """The data directory; a relative one is taken from the project's root, not from where the command was typed."""
        return self.data_dir if self.data_dir.is_absolute() else PROJECT_ROOT / self.data_dir

    @property
    def simulator_port(self) -> int:
        """Port of the local Stripe simulator, derived from the API's port unless set."""
        if self.stripe_simulator_port is not None:
            return self.stripe_simulator_port
        above = self.api_port + STRIPE_SIMULATOR_PORT_OFFSET
        return above if above <= HIGHEST_PORT else self.api_port - STRIPE_SIMULATOR_PORT_OFFSET

    @property
    def stripe_base(self) -> str | None:
        """Where the Stripe SDK sends its requests; None is Stripe itself (production)."""
        if self.stripe_api_base or self.environment == "production":
            return self.stripe_api_base
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def route_rate_multiplier(self) -> float:
        """What the limits of ordinary routes are multiplied by."""
        if self.rate_limit_multiplier is not None:
            return self.rate_limit_multiplier
        return 1.0 if self.environment == "production" else DEVELOPMENT_RATE_MULTIPLIER

    @property
    def public_api_url(self) -> str:
        """Where dashboards and sample buyers reach the API."""
        return self.api_url or f"http://127.0.0.1:{self.api_port}"


# What production can't do without, and why.
NEEDED_IN_PRODUCTION = {
    "database_url": "embedded servers are for development",
    "redis_url": "embedded servers are for development",
    "mail_url": "mail to files is for development",
    "mail_from": "mail needs a sender",
    "tenancy_secret": "passwords of database roles are derived from it",  # nosec B105  # pragma: allowlist secret
    "account_url": "links in mails need a place to lead to",
}


def refused_everywhere(settings: Settings) -> list[str]:
    """Name each setting that no environment can run with, as a sentence."""
    secrets = [("JWT_SECRET", settings.jwt_secret), ("PASSWORD_PEPPER", settings.password_pepper)]
    secrets += [("JWT_PREVIOUS_SECRETS", each) for each in settings.jwt_previous_secrets]
    secrets += [("TENANCY_SECRET", settings.tenancy_secret)] if settings.tenancy_secret else []
    if settings.alert_webhook_secret:
        secrets.append(("ALERT_WEBHOOK_SECRET", settings.alert_webhook_secret))
    unsigned = ["ALERT_WEBHOOK_SECRET is missing (ALERT_WEBHOOK_URL is set, and its messages are signed)"]
    unsigned *= settings.alert_webhook_url is not None and settings.alert_webhook_secret is None
    return unsigned + [
        f"{name} is shorter than {SECRET_MIN_BYTES} bytes"
        for name, secret in secrets
        if len(secret.get_secret_value().encode()) < SECRET_MIN_BYTES
    ]


def _weakened(settings: Settings) -> list[str]:
    """Name each setting that is good for tests alone."""
    weak = {
        "STRIPE_DEFAULT_PAYMENT_METHOD must not be set (it would be charged for everybody)": (
            settings.stripe_default_payment_method is not None
        ),
        f"PASSWORD_BCRYPT_COST is below {BCRYPT_MIN_COST} (stolen hashes would be guessed)": (
            settings.password_bcrypt_cost < BCRYPT_MIN_COST
        ),
        "RATE_LIMITS_ENABLED is off (passwords could be tried without end)": not settings.rate_limits_enabled,
    }
    return [sentence for sentence, is_weak in weak.items() if is_weak]


def _names_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _describe(problem: ErrorDetails) -> str:
    """A problem with a setting as a sentence; the value of one that may hold a password stays out of it."""
    name = str(problem["loc"][0]).upper()
    is_private = name.endswith("_URL") or name.lower() in secret_names(Settings)
    given = "" if is_private else f" (got {problem['input']!r})"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}{given}"


def load_settings() -> Settings:
    """Read the settings, or raise `SettingsInvalid` naming everything that is wrong in one message."""
    unusable: list[ErrorDetails] = []
    try:
        settings = Settings()
    except ValidationError as error:
        unusable = [problem for problem in error.errors() if problem["loc"]]
        settings = _with_defaults_for({str(problem["loc"][0]) for problem in unusable})
    problems = [_describe(problem) for problem in unusable] + refused_everywhere(settings)
    if settings.environment == "production":
        problems += refused_in_production(settings, NEEDED_IN_PRODUCTION)
        problems += _weakened(settings)
    if problems:
        raise SettingsInvalid(f"{settings.environment} can't start: " + "; ".join(problems))
    return settings


def _with_defaults_for(names: set[str]) -> Settings:
    """The settings without those that can't be used, so that what else is wrong can be told with them."""
    return Settings(**{name: Settings.model_fields[name].default for name in names})


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process. Read on first use, never at import."""
    return load_settings()


def with_database(url: str, name: str) -> str:
    """The same server's URL with another database name."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/" + name, parts.query, parts.fragment))


def database_name(url: str) -> str:
    """The database a URL names."""
    return urlsplit(url).path.lstrip("/")
