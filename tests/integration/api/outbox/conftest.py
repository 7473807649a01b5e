"""The running service and its Stripe."""

from tests.integration.api.payments.shop import (  # noqa: F401 - fixtures
    api_listener,
    api_url,
    no_faults,
    shop_settings,
    stripe_simulator,
)
