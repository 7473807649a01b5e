"""Stripe's ledger, read into `balance_transactions`: what an order's money is reconciled with.

Orders follow from payment intents and refunds. The ledger is read by itself, from its newest entry back to what was
read before, so that it also tells of money that no order and no message told of.
"""
