"""What sample buyers do: look from the top, click less the further down, buy some of what they clicked."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from simulators.buyers.client import Buyer

# Chance to look at a position falls with its number; about what studies of search pages find.
EXAMINATION_EXPONENT = 0.7
CLICK_SHARE = 0.45
BUY_SHARE = 0.5
REFUND_SHARE = 0.1
COMPANIES = ("Northwind Labs", "Blue Harbor", "Acorn Systems", "Lumen Works", "Granite Partners", "Riverbend Studio")
SEARCHES = ("email", "summary", "code review", "interview", "campaign")


@dataclass
class Takings:
    """What a round of buyers did, in counts."""

    lists: int = 0
    clicks: int = 0
    orders: int = 0
    refunds: int = 0


def play_round(api_url: str, *, buyers: int, seed: int, on_buyer: Callable[[str], None]) -> Takings:
    """Let `buyers` companies sign up, look around and buy, one after the other. Raises `ApiAnsweredUnexpectedly`."""
    chance = random.Random(seed)  # nosec B311
    takings = Takings()
    for number in range(buyers):
        name = COMPANIES[number % len(COMPANIES)]
        buyer = Buyer(api_url, name=name)
        try:
            buyer.sign_up()
            _look_around(buyer, chance, takings)
        finally:
            buyer.close()
        on_buyer(name)
    return takings


def _look_around(buyer: Buyer, chance: random.Random, takings: Takings) -> None:
    owned: set[str] = set()
    for served in (buyer.rankings(), buyer.browse(), buyer.search(chance.choice(SEARCHES))):
        takings.lists += 1
        for position, item in enumerate(served["items"], start=1):
            prompt_id = item.get("prompt_id") or item["id"]
            if chance.random() > CLICK_SHARE / position**EXAMINATION_EXPONENT:
                continue
            buyer.click(prompt_id, position=position, receipt_id=served["receipt_id"])
            takings.clicks += 1
            if prompt_id in owned or chance.random() > BUY_SHARE:
                continue
            owned.add(prompt_id)
            order = buyer.buy(prompt_id, receipt_id=served["receipt_id"])
            takings.orders += 1
            if order["amount_cents"] > 0 and chance.random() < REFUND_SHARE:
                buyer.send_back(order["id"])
                takings.refunds += 1
