"""What the simulator is told when it starts."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class ConfigurationInvalid(ValueError):
    """The simulator cannot run as it was told; the message is a sentence for whoever started it."""


@dataclass(frozen=True, kw_only=True)
class RetrySchedule:
    """When a webhook that was not accepted is tried again: exponential, bounded in step and in number.

    Stripe spreads its attempts over three days; the defaults give a receiver that is down about two minutes to return,
    which is as long as a developer restarts a server.
    """

    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    max_attempts: int = 10

    def __post_init__(self) -> None:
        if self.base_seconds <= 0 or self.cap_seconds < self.base_seconds or self.max_attempts < 1:
            raise ConfigurationInvalid(
                "The webhook retry schedule needs a base above 0 seconds, a cap of at least the base and at least "
                f"1 attempt; it was given base {self.base_seconds}, cap {self.cap_seconds}, "
                f"{self.max_attempts} attempts."
            )

    def delay_seconds(self, attempts: int) -> float | None:
        """Seconds to wait after the given number of failed attempts; None when that was the last one."""
        if attempts >= self.max_attempts:
            return None
        # The exponent is bounded before the power, so that a long schedule cannot overflow a float.
        return float(min(self.cap_seconds, self.base_seconds * 2 ** min(attempts - 1, 62)))


@dataclass(frozen=True, kw_only=True)
class SimulatorConfig:
    """Everything a simulator needs; the listening address is not part of it."""

    data: Path
    """SQLite file that keeps objects, events, deliveries and idempotency keys over a restart."""
    webhook_url: str | None = None
    """Where events are delivered; None records events without delivering them."""
    webhook_secret: str | None = None
    """Signing secret (``whsec_...``) shared with the receiver."""
    seed: int = 0
    """Seed of the order in which shuffled webhooks go out."""
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    webhook_timeout_seconds: float = 10.0
    webhook_concurrency: int = 8
    """Deliveries under way at once. One slow answer then delays its own event, not the queue."""

    def __post_init__(self) -> None:
        if self.webhook_concurrency < 1 or self.webhook_timeout_seconds <= 0:
            raise ConfigurationInvalid("Webhook concurrency and timeout must be above 0.")
        if self.webhook_url is None:
            return
        address = urlsplit(self.webhook_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ConfigurationInvalid(
                f"The webhook URL must be an http or https address, for example "
                f"http://127.0.0.1:8000/api/v1/webhooks/stripe; it was {self.webhook_url!r}."
            )
        if not self.webhook_secret:
            raise ConfigurationInvalid(
                "A webhook URL needs the signing secret its receiver knows: give --webhook-secret or set "
                "STRIPE_WEBHOOK_SECRET."
            )
