"""Currencies a price can be in."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from warehouse.currencies import CURRENCIES


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _known(value: str) -> str:
    if value not in CURRENCIES:
        raise ValueError("is not a currency prices can be in: use an ISO 4217 code such as USD, EUR or JPY")
    return value


PriceCurrency = Annotated[
    str, BeforeValidator(_upper), Field(min_length=3, max_length=3, examples=["USD"]), AfterValidator(_known)
]
