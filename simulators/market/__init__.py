"""A made-up market whose truth is known: sellers, prompts of hidden quality, and buyers who browse, buy and regret."""

from simulators.market.generation import generate
from simulators.market.world import MarketSize

__all__ = ["MarketSize", "generate"]
