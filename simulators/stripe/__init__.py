"""A local Stripe: the payment part of its HTTP API, with signed webhooks and faults on demand.

Start it with ``python -m simulators.stripe --help`` and point the official SDK at it::

    stripe.StripeClient("sk_test_local", base_addresses={"api": "http://127.0.0.1:12111"})
"""
