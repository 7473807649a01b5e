"""Buyers buy in these tests: the service they talk to has a Stripe."""

from tests.integration.api.payments.shop import (  # noqa: F401 - fixtures
    api_listener,
    api_url,
    charges_of,
    no_faults,
    settled,
    shop_settings,
    stripe_simulator,
)
