"""A local Stripe: the payment part of its HTTP API, with signed webhooks and faults on demand.

Start it with ``python -m simulators.stripe --help`` and point the official SDK at it::

    stripe.StripeClient("sk_test_local", base_addresses={"api": "http://127.0.0.1:12111"})

Tests serve one from a thread with ``simulators.stripe.server.running``. What goes wrong is set with
``PUT /_simulator/faults``. A further part of Stripe is a module in ``resources``, named there and nowhere else.
"""
