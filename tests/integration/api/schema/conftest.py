"""The service with a Stripe, and people and things for requests to be about."""

from tests.integration.api.payments.shop import (  # noqa: F401 - fixtures
    api_listener,
    api_url,
    shop_settings,
    stripe_simulator,
)
