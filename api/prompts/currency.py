"""Currencies a price can be in."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

# Those Stripe charges in and whose minor unit is a hundredth or the whole. The dinars with three decimals are missing,
# and ISK and UGX, whose minor unit at Stripe is not that of ISO 4217: their amounts would come out wrong by a factor.
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR JMD JPY KES KGS KHR KMF KRW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS VND VUV WST XAF
XCD XOF XPF YER ZAR ZMW
"""
CURRENCIES = frozenset(_CODES.split())


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _known(value: str) -> str:
    if value not in CURRENCIES:
        raise ValueError("is not a currency prices can be in: use an ISO 4217 code such as USD, EUR or JPY")
    return value


PriceCurrency = Annotated[
    str, BeforeValidator(_upper), Field(min_length=3, max_length=3, examples=["USD"]), AfterValidator(_known)
]
