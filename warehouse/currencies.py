"""How amounts in minor units and in main units of a currency belong together."""

# Stripe charges these in whole units (https://docs.stripe.com/currencies#zero-decimal).
ZERO_DECIMAL_CURRENCIES = (
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip


# Currencies amounts can be in: those Stripe charges in and whose minor unit is a hundredth or the whole. The dinars
# with three decimals are missing, and ISK and UGX, whose minor unit at Stripe is not that of ISO 4217: their amounts
# would come out wrong by a factor.
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR JMD JPY KES KGS KHR KMF KRW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS VND VUV WST XAF
XCD XOF XPF YER ZAR ZMW
"""
CURRENCIES = frozenset(_CODES.split())

# What Stripe charges at most: eight digits of the smallest unit (https://docs.stripe.com/currencies).
CHARGE_MAX_CENTS = 99_999_999


def minor_units(currency: str) -> int:
    """Minor units in one main unit: 100 pence in a pound, 1 in a yen."""
    return 1 if currency in ZERO_DECIMAL_CURRENCIES else 100
