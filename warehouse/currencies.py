"""How amounts in minor units and in main units of a currency belong together."""

# Stripe charges these in whole units (https://docs.stripe.com/currencies#zero-decimal).
ZERO_DECIMAL_CURRENCIES = (
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip


def minor_units(currency: str) -> int:
    """Minor units in one main unit: 100 pence in a pound, 1 in a yen."""
    return 1 if currency in ZERO_DECIMAL_CURRENCIES else 100
