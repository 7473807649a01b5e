"""Money: what Stripe says about payments and refunds, and what follows from it for orders and entitlements."""
