"""What buyers do, one visit after the other."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulators.market.shelf import POLICY_VERSION, Item, Popularity, newest, on_sale, serve
from simulators.market.world import Buyer, Prompt, World

# Chance to look at position k is 1 / k ** eta; studies of search pages find between 0.5 and 1.
ETA = 0.9
VISITS_PER_BUYER_AND_DAY = 0.5
# Monday to Sunday: companies shop on working days.
WEEKDAY_FACTORS = (1.1, 1.2, 1.15, 1.1, 0.95, 0.4, 0.35)
# Nobody logged in: looks, and can't buy.
ANONYMOUS_SHARE = 0.15
SURFACES = ("top", "search", "category", "new")
SURFACE_WEIGHTS = (0.40, 0.27, 0.21, 0.12)
# What a buyer does not care for is clicked less.
OUTSIDE_INTERESTS = 0.45
# Of those who begin to pay, so many do.
PAYING_SHARE = 0.8
SLEPT_OVER_SHARE = 0.12
FIRST_REFUND_DAYS, LAST_REFUND_DAYS = 1, 9
PARTIAL_REFUND_SHARE = 0.25


@dataclass(frozen=True)
class Event:
    """Something that happened, in the columns of an import file."""

    event_id: str
    event_name: str
    occurred_at: datetime
    prompt_external_id: str | None
    user_external_id: str | None
    session_id: str
    request_id: str
    position: int | None
    properties: dict[str, Any]


@dataclass(frozen=True)
class Order:
    """Something that was bought, and perhaps given back."""

    external_id: str
    prompt: Prompt
    buyer: Buyer
    paid_at: datetime
    refunded_at: datetime | None
    refunded_cents: int | None


@dataclass
class Ledger:
    """All that happened."""

    events: list[Event] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)


class Visits:
    """Plays every visit of the world's buyers and writes down what happens."""

    def __init__(self, world: World, *, seed: int) -> None:
        self._world = world
        self._random = Random(f"visits:{seed}")  # nosec B311
        # Of another end the same seed tells another story, so nothing of it may have the same id.
        self._prefix = f"market-{seed}-{world.end:%Y%m%d%H%M}"
        self._popularity = Popularity()
        self._owned: set[tuple[str, str]] = set()
        self._ledger = Ledger()
        self._sessions = 0
        self._checkouts = 0

    def play(self) -> Ledger:
        """Everything from the world's start to its end, in the order of time."""
        day = self._world.start
        while day < self._world.end:
            self._play_day(day)
            self._popularity.fade()
            day += timedelta(days=1)
        self._ledger.events = sorted(
            (event for event in self._ledger.events if event.occurred_at < self._world.end),
            key=lambda event: (event.occurred_at, event.event_id),
        )
        self._ledger.orders.sort(key=lambda order: (order.paid_at, order.external_id))
        return self._ledger

    def _play_day(self, day: datetime) -> None:
        buyers = self._world.buyers
        expected = len(buyers) * VISITS_PER_BUYER_AND_DAY * WEEKDAY_FACTORS[day.weekday()]
        count = max(0, round(self._random.gauss(expected, expected**0.5)))
        moments = sorted(day + timedelta(seconds=self._second_of_day()) for _ in range(count))
        for moment in moments:
            buyer = self._random.choices(buyers, weights=[buyer.activity for buyer in buyers])[0]
            self._visit(buyer, moment)

    def _second_of_day(self) -> float:
        """Around 10 and 15 o'clock UTC, within the day."""
        hour = self._random.gauss(self._random.choice((10.0, 15.0)), 2.5)
        return min(max(hour, 0.0), 23.9) * 3600

    def _visit(self, buyer: Buyer, moment: datetime) -> None:
        self._sessions += 1
        is_anonymous = self._random.random() < ANONYMOUS_SHARE
        visit = Visit(self._ledger, f"{self._prefix}-s{self._sessions:05d}", None if is_anonymous else buyer)
        surface = self._random.choices(SURFACES, weights=SURFACE_WEIGHTS)[0]
        items = self._look(visit, buyer, surface, moment)
        for item in items:
            if self._random.random() < self._chance_of_click(buyer, item):
                moment += timedelta(seconds=self._random.uniform(4, 40))
                self._open(visit, buyer, item, moment)
                moment += timedelta(seconds=self._random.uniform(20, 90))

    def _look(self, visit: "Visit", buyer: Buyer, surface: str, moment: datetime) -> list[Item]:
        candidates = on_sale(self._world.prompts, moment)
        query = None
        if surface in ("search", "category"):
            category = self._random.choice((*buyer.interests, self._random.choice(self._world.categories)))
            candidates = [prompt for prompt in candidates if prompt.category == category]
            if surface == "search":
                query = category
                visit.note("search.performed", moment, {"query": query, "filters": {}, "result_count": len(candidates)})
            else:
                visit.note("category.browsed", moment, {"category": category})
        if not candidates:
            return []
        items = newest(candidates) if surface == "new" else serve(self._random, candidates, self._popularity)
        visit.note_list(surface, query, items, moment + timedelta(milliseconds=120))
        return items

    def _chance_of_click(self, buyer: Buyer, item: Item) -> float:
        liking = 1.0 if item.prompt.category in buyer.interests else OUTSIDE_INTERESTS
        return float(item.prompt.attraction * liking / item.position**ETA)

    def _open(self, visit: "Visit", buyer: Buyer, item: Item, moment: datetime) -> None:
        prompt = item.prompt
        self._popularity.count_click(prompt)
        visit.note_click(item, moment)
        # Who likes what it reads stays longer.
        dwell_ms = int(1000 * self._random.lognormvariate(2.2 + 2.0 * prompt.conversion, 0.6))
        visit.note("prompt.viewed", moment + timedelta(milliseconds=400), {"dwell_ms": dwell_ms}, prompt=prompt)
        is_owner = (buyer.external_id, prompt.external_id) in self._owned
        if visit.buyer is not None and not is_owner and self._random.random() < prompt.conversion:
            self._buy(visit, buyer, prompt, moment + timedelta(milliseconds=dwell_ms))

    def _buy(self, visit: "Visit", buyer: Buyer, prompt: Prompt, moment: datetime) -> None:
        self._checkouts += 1
        order_id = f"{self._prefix}-o{self._checkouts:05d}"
        if self._random.random() < SLEPT_OVER_SHARE:
            moment += timedelta(days=self._random.uniform(0.5, 4))
        visit.note("checkout.started", moment, {"order_id": order_id}, prompt=prompt)
        if self._random.random() >= PAYING_SHARE:
            return
        self._owned.add((buyer.external_id, prompt.external_id))
        paid_at = (moment + timedelta(seconds=self._random.uniform(8, 90))).replace(microsecond=0)
        refunded_at = refunded_cents = None
        if self._random.random() < prompt.regret:
            refunded_at = paid_at + timedelta(
                seconds=int(86_400 * self._random.uniform(FIRST_REFUND_DAYS, LAST_REFUND_DAYS))
            )
            is_partial = self._random.random() < PARTIAL_REFUND_SHARE
            refunded_cents = prompt.price_cents // 2 if is_partial else prompt.price_cents
        if paid_at >= self._world.end:
            return
        if refunded_at is not None and refunded_at >= self._world.end:
            refunded_at = refunded_cents = None
        self._ledger.orders.append(Order(order_id, prompt, buyer, paid_at, refunded_at, refunded_cents))


class Visit:
    """One session; gives its events their ids."""

    def __init__(self, ledger: Ledger, session_id: str, buyer: Buyer | None) -> None:
        self._ledger = ledger
        self._session_id = session_id
        self._count = 0
        # Who is logged in.
        self.buyer = buyer

    @property
    def receipt_id(self) -> str:
        """The receipt of the list this visit was shown."""
        return f"{self._session_id}-list"

    def note(
        self,
        event_name: str,
        occurred_at: datetime,
        properties: dict[str, Any],
        *,
        prompt: Prompt | None = None,
        position: int | None = None,
    ) -> None:
        """Write down one event."""
        self._count += 1
        event_id = f"{self._session_id}-e{self._count:02d}"
        self._ledger.events.append(
            Event(
                event_id=event_id,
                event_name=event_name,
                occurred_at=occurred_at,
                prompt_external_id=prompt.external_id if prompt else None,
                user_external_id=self.buyer.external_id if self.buyer else None,
                session_id=self._session_id,
                request_id=f"{event_id}-request",
                position=position,
                properties=properties,
            )
        )

    def note_list(self, surface: str, query: str | None, items: list[Item], occurred_at: datetime) -> None:
        """Write down a served list."""
        properties: dict[str, Any] = {
            "surface": surface,
            "policy_version": POLICY_VERSION,
            "receipt_id": self.receipt_id,
            "items": [
                {
                    "prompt_id": item.prompt.external_id,
                    "version": 1,
                    "position": item.position,
                    "score": item.score,
                    "propensity": item.propensity,
                    "is_exploration": item.is_exploration,
                }
                for item in items
            ],
        }
        if query is not None:
            properties["query"] = query
        self.note("results.served", occurred_at, properties)

    def note_click(self, item: Item, occurred_at: datetime) -> None:
        """Write down the choice of a served item."""
        self.note(
            "prompt.clicked",
            occurred_at,
            {"receipt_id": self.receipt_id},
            prompt=item.prompt,
            position=item.position,
        )
