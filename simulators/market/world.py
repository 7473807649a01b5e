"""Who and what the market consists of, with the qualities nobody in it can see."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from simulators.market.listing import Listing, choose_listings, read_listings, seller_name

PRICES_CENTS = (500, 900, 1200, 1500, 1900, 2400, 2900, 3900, 4900, 7900)
# Every third seller prices in euros.
CURRENCIES = ("USD", "USD", "EUR")
INTERESTS_PER_BUYER = 2

Character = Literal["ordinary", "rising star", "regretted"]


@dataclass(frozen=True)
class MarketSize:
    """How much of everything."""

    days: int = 60
    prompts: int = 48
    sellers: int = 6
    buyers: int = 120


@dataclass(frozen=True)
class Prompt:
    """Something sold. The last four fields are the truth that ranking has to find out."""

    external_id: str
    title: str
    description: str
    template: str
    category: str
    seller: str
    price_cents: int
    currency: str
    published_at: datetime
    character: Character
    # Chance of a click by a buyer who looks at it in a list.
    attraction: float
    # Chance that who reads its page begins to buy.
    conversion: float
    # Chance that a purchase is given back.
    regret: float


@dataclass(frozen=True)
class Buyer:
    """A company's user: how often it comes, and for what."""

    external_id: str
    activity: float
    interests: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """The market before anything happens in it."""

    prompts: tuple[Prompt, ...]
    buyers: tuple[Buyer, ...]
    start: datetime
    end: datetime
    categories: tuple[str, ...]


def build_world(*, seed: int, size: MarketSize, end: datetime) -> World:
    """The world of a seed. The same seed, size and end give the same world."""
    random = Random(f"world:{seed}")  # nosec B311
    start = end - timedelta(days=size.days)
    listings = choose_listings(size.prompts)
    characters = _characters(size.prompts)
    prompts = tuple(
        _prompt(random, index, listings[index], characters[index], seed=seed, size=size, start=start)
        for index in range(size.prompts)
    )
    buyers = tuple(_buyer(random, number, seed) for number in range(1, size.buyers + 1))
    return World(prompts=prompts, buyers=buyers, start=start, end=end, categories=tuple(read_listings()))


def _characters(count: int) -> list[Character]:
    """Among ordinary prompts one that comes late and rises, and one that many buy and give back."""
    characters: list[Character] = ["ordinary"] * count
    if count > 2:
        characters[count // 3] = "regretted"
        characters[2 * count // 3] = "rising star"
    return characters


def _prompt(
    random: Random,
    index: int,
    listing: Listing,
    character: Character,
    *,
    seed: int,
    size: MarketSize,
    start: datetime,
) -> Prompt:
    # Sellers are of different size: the first has the most prompts.
    seller = min(int(random.random() ** 1.6 * size.sellers), size.sellers - 1)
    days = -random.uniform(20, 200) if random.random() < 0.8 else random.uniform(0, 0.7 * size.days)
    attraction, conversion, regret = (
        0.08 + 0.42 * random.betavariate(1.6, 2.6),
        0.15 + 0.45 * random.betavariate(2.0, 2.2),
        0.01 + 0.06 * random.random(),
    )
    if character == "rising star":
        days, attraction, conversion, regret = 0.6 * size.days, 0.75, 0.60, 0.01
    if character == "regretted":
        days, attraction, conversion, regret = -60.0, 0.60, 0.50, 0.45
    return Prompt(
        external_id=f"market-{seed}-p{index + 1:03d}",
        title=listing.title,
        description=listing.description,
        template=listing.template,
        category=listing.category,
        seller=seller_name(seller),
        price_cents=random.choice(PRICES_CENTS),
        currency=CURRENCIES[seller % len(CURRENCIES)],
        published_at=(start + timedelta(days=days)).replace(microsecond=0),
        character=character,
        attraction=round(attraction, 4),
        conversion=round(conversion, 4),
        regret=round(regret, 4),
    )


def _buyer(random: Random, number: int, seed: int) -> Buyer:
    return Buyer(
        external_id=f"market-{seed}-b{number:04d}",
        activity=round(random.paretovariate(2.5), 4),
        interests=tuple(random.sample(list(read_listings()), k=INTERESTS_PER_BUYER)),
    )
