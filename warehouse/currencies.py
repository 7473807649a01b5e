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
# What Stripe charges at least, where it says so (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
# Of other currencies it wants the equivalent of the seller's own minimum, which moves with the exchange rate.
CHARGE_MIN_CENTS = {
    "AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400,
    "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
    "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip


def is_chargeable(amount_cents: int, currency: str) -> bool:
    """Whether a price can be asked: nothing, or at least what Stripe charges in the currency."""
    return amount_cents == 0 or amount_cents >= CHARGE_MIN_CENTS.get(currency, 1)


def minor_units(currency: str) -> int:
    """Minor units in one main unit: 100 pence in a pound, 1 in a yen."""
    return 1 if currency in ZERO_DECIMAL_CURRENCIES else 100
