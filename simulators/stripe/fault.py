"""Faults on demand: what goes wrong next, and how often."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Counter = Literal["fail_next", "drop_connection_next", "webhook_bad_signature_next"]

# A minute is longer than any client waits, and keeps a typo from hanging a test run.
MAX_DELAY_MS = 60_000


class Faults(BaseModel):
    """The faults in force. All off by default; the ``_next`` counters run down as they strike."""

    model_config = ConfigDict(extra="forbid")

    fail_next: int = Field(
        default=0, ge=0, description="API requests to refuse with fail_status before they are executed."
    )
    fail_status: Literal[429, 500, 503] = 500
    drop_connection_next: int = Field(
        default=0, ge=0, description="API requests to execute and then answer with a closed connection."
    )
    latency_ms: int = Field(default=0, ge=0, le=MAX_DELAY_MS, description="Wait before an API request is executed.")
    webhook_duplicates: int = Field(
        default=0, ge=0, le=100, description="Times each new event is delivered in addition."
    )
    webhook_shuffle: bool = Field(
        default=False, description="Deliver due events one at a time, in an order drawn from the seed."
    )
    webhook_shuffle_window_ms: int = Field(
        default=500, ge=1, le=MAX_DELAY_MS, description="How long shuffling gathers events before they go out."
    )
    seed: int | None = Field(
        default=None, description="Seed of the shuffled order; by default the one given at the start."
    )
    webhook_delay_ms: int = Field(default=0, ge=0, le=MAX_DELAY_MS, description="Wait before a new event is delivered.")
    webhook_bad_signature_next: int = Field(default=0, ge=0, description="Attempts to sign with a wrong secret.")
    webhook_pause: bool = Field(default=False, description="Hold all deliveries until this is false again.")


class FaultBox:
    """Holds the faults in force; one for the whole simulator, kept in memory only."""

    def __init__(self, seed: int) -> None:
        self._default_seed = seed
        self.current = Faults(seed=seed)

    def replace(self, faults: Faults) -> Faults:
        """Put other faults in force; what they leave out is off."""
        seed = self._default_seed if faults.seed is None else faults.seed
        self.current = faults.model_copy(update={"seed": seed})
        return self.current

    def take(self, counter: Counter) -> bool:
        """Whether the fault strikes now; counts it down when it does."""
        left: int = getattr(self.current, counter)
        if left == 0:
            return False
        setattr(self.current, counter, left - 1)
        return True
