"""Ranking policies: the figures a rank depends on, read from TOML, checked and versioned."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

VERSION_DIGEST_LENGTH = 12
"""Hex digits of the content hash in a policy version: 48 bits, so two edits of one policy never meet by chance."""


class PolicyInvalid(ValueError):
    """A policy text cannot be used. The message names each offending field; ``fields`` lists their dotted names."""

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class PolicyNotFound(LookupError):
    """No bundled policy has the name asked for."""


class Component(StrEnum):
    """A part of the score. The order of definition is the order of contributions in a score."""

    DEMAND = "demand"
    MOMENTUM = "momentum"
    CLICK_THROUGH = "click_through"
    CONVERSION = "conversion"
    REFUND_PENALTY = "refund_penalty"
    FRESHNESS = "freshness"


SurfaceName = Literal["top", "trending", "new", "category"]
SURFACES: tuple[SurfaceName, ...] = ("top", "trending", "new", "category")
"""All surfaces, in the order in which ranks are returned."""

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
_Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
_Days = Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Evidence(_Part):
    """How long activity counts.

    ``half_life_days`` is the age at which activity keeps half its weight, ``recent_half_life_days`` the same for the
    short memory that momentum holds against it, ``window_days`` the age from which activity is not read.
    """

    half_life_days: _Days
    recent_half_life_days: _Days
    window_days: Annotated[int, Field(ge=1, le=3650)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.recent_half_life_days < self.half_life_days <= self.window_days:
            raise ValueError(
                f"recent_half_life_days ({self.recent_half_life_days:g}) must be below half_life_days "
                f"({self.half_life_days:g}), and that not above window_days ({self.window_days})"
            )
        return self


class RatePrior(_Part):
    """Beta priors of one rate, each worth a number of successes (see ``signals.rate_signal``)."""

    marketplace_prior_mean: _Share
    marketplace_prior_successes: _Positive
    prompt_prior_successes: _Positive


class Rates(_Part):
    """Priors of the three rates: clicks per impression, orders per click, refunds per order."""

    click_through: RatePrior
    conversion: RatePrior
    refund: RatePrior


class Demand(_Part):
    """``full_signal_orders``: decayed net orders at which demand reaches its full signal."""

    full_signal_orders: _Positive


class Freshness(_Part):
    """``half_life_days``: age at which a prompt keeps half of its freshness."""

    half_life_days: _Days


class Momentum(_Part):
    """``prior_orders_per_day``: the pace of selling that damps the comparison of recent with lasting sales."""

    prior_orders_per_day: _Positive


class Weights(_Part):
    """What each component at signal 1 adds to the score of a surface; 0 leaves the component out."""

    demand: _Weight = 0.0
    momentum: _Weight = 0.0
    click_through: _Weight = 0.0
    conversion: _Weight = 0.0
    refund_penalty: _Weight = 0.0
    freshness: _Weight = 0.0

    @model_validator(mode="after")
    def _one_counts(self) -> Self:
        if not self.used():
            raise ValueError("at least one component needs a weight above 0")
        return self

    def used(self) -> tuple[tuple[Component, float], ...]:
        """The components with a weight above 0, in the order of ``Component``."""
        weights = ((component, float(getattr(self, component.value))) for component in Component)
        return tuple((component, weight) for component, weight in weights if weight > 0)


class Surface(_Part):
    """A ranked list: its weights."""

    weights: Weights


class NewSurface(Surface):
    """The list of newcomers: prompts at most ``max_age_days`` old."""

    max_age_days: _Days


class Surfaces(_Part):
    """The ranked lists of the marketplace."""

    top: Surface
    trending: Surface
    new: NewSurface
    category: Surface


class Policy(_Part):
    """Everything a rank depends on besides features and the moment asked about."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    version: Annotated[str, Field(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")]
    description: str
    evidence: Evidence
    rates: Rates
    demand: Demand
    freshness: Freshness
    momentum: Momentum
    surfaces: Surfaces

    @property
    def canonical(self) -> str:
        """The content as one line of JSON with sorted keys: the same for every spelling of the same figures."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @property
    def policy_version(self) -> str:
        """Name, semantic version and start of the content's SHA-256, as in ``baseline@1.0.0+3f2a91c04d1e``."""
        digest = hashlib.sha256(self.canonical.encode("ascii")).hexdigest()[:VERSION_DIGEST_LENGTH]
        return f"{self.name}@{self.version}+{digest}"

    def weights(self, surface: SurfaceName) -> Weights:
        """The component weights of a surface."""
        part: Surface = getattr(self.surfaces, surface)
        return part.weights


def parse_policy(text: str) -> Policy:
    """Read a policy from TOML text.

    Raises ``PolicyInvalid`` when the text is not TOML, or a field is missing, unknown, of another type or out of range.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyInvalid(f"The policy is not valid TOML: {error}. Correct the text at that place.") from error
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise _invalid(error, content) from error


def load_policy(name: str = "baseline") -> Policy:
    """Read a policy that ships with the package, by its file name without ending.

    Raises ``PolicyNotFound`` when there is none of that name, ``PolicyInvalid`` when it cannot be used.
    """
    names = bundled_policies()
    if name not in names:
        raise PolicyNotFound(f"No bundled policy has this name; there are {', '.join(names)}: {name!r}")
    policy = parse_policy((files("ranking") / "policies" / f"{name}.toml").read_text(encoding="utf-8"))
    if policy.name != name:
        raise PolicyInvalid(
            f"Policy field 'name' is {policy.name!r} in the file {name}.toml. Give the field and the file one name.",
            fields=("name",),
        )
    return policy


def bundled_policies() -> tuple[str, ...]:
    """Names of the policies that ship with the package, sorted."""
    entries = (files("ranking") / "policies").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


def _invalid(error: ValidationError, content: Mapping[str, object]) -> PolicyInvalid:
    """Say every broken field in one message."""
    problems = [(".".join(str(step) for step in problem["loc"]), problem["msg"]) for problem in error.errors()]
    listed = "; ".join(f"field '{field}': {message.removeprefix('Value error, ')}" for field, message in problems)
    name = content.get("name")
    subject = f"Policy {name!r}" if isinstance(name, str) else "The policy"
    return PolicyInvalid(
        f"{subject} cannot be used: {listed}. Correct the file.", fields=tuple(field for field, _ in problems)
    )
