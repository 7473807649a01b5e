"""What the made-up sellers sell, and what they are called."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SELLERS = (
    "Lumen Prompt Works", "Copperfield & Lane", "Halden Language Lab", "Orchard Street Studio", "Nine Tides Consulting",
    "Werkstatt Wort", "Blue Ledger Partners", "Atelier Parole", "Quiet Harbour Group", "Third Draft Collective",
)  # fmt: skip

# Where a market is larger than the list of listings, titles repeat for another trade.
TRADES = (
    "Retail", "Banking", "Insurance", "Logistics", "Healthcare", "Energy", "Travel", "Education", "Construction",
    "Telecoms", "Public Sector", "Media", "Agriculture", "Automotive", "Pharma", "Real Estate",
)  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """One thing on sale, as its page says."""

    category: str
    title: str
    description: str
    template: str


@lru_cache(maxsize=1)
def read_listings() -> dict[str, tuple[Listing, ...]]:
    """The listings by category."""
    text = (Path(__file__).parent / "listings.toml").read_text(encoding="utf-8")
    return {
        category: tuple(Listing(category=category, **listing) for listing in listings)
        for category, listings in tomllib.loads(text).items()
    }


def choose_listings(count: int) -> list[Listing]:
    """`count` listings with different titles, the categories in turn."""
    by_category = read_listings()
    categories = list(by_category)
    found = []
    for index in range(count):
        category = categories[index % len(categories)]
        round_, place = divmod(index // len(categories), len(by_category[category]))
        found.append(_for_trade(by_category[category][place], round_))
    return found


def _for_trade(listing: Listing, round_: int) -> Listing:
    if round_ == 0:
        return listing
    again, trade = divmod(round_ - 1, len(TRADES))
    return Listing(
        category=listing.category,
        title=f"{listing.title} for {TRADES[trade]}" + (f" {again + 1}" if again else ""),
        description=listing.description,
        template=f"You work in this trade: {TRADES[trade]}.\n\n{listing.template}",
    )


def seller_name(index: int) -> str:
    """The name of one of the sellers."""
    again, place = divmod(index, len(SELLERS))
    return SELLERS[place] + (f" {again + 1}" if again else "")
