"""A small random history of the marketplace, and random ways in which the load may deliver it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from tests.integration.transforms import raw_rows as raw
from tests.integration.transforms.raw_rows import Row

START = datetime(2026, 2, 26, tzinfo=UTC)
HISTORY_MINUTES = 6 * 24 * 60
CURRENCIES = ("GBP", "USD", "JPY")
SELLERS = ("sellers", "rivals", "others")
CATEGORIES = ("writing", "coding", None)
PROMPTS = {f"prompt {number}": SELLERS[number % 3] for number in range(5)}
USERS = ("ann", "bob", "eve")
DEVICES = ("phone", "laptop", "kiosk")
VISITS = tuple(f"visit {number}" for number in range(4))
RECEIPTS = tuple(f"r{number}" for number in range(10))

Delivery = dict[str, list[Row]]


@dataclass(frozen=True)
class Version:
    """A state of one raw row. Later states of a row are never loaded before earlier ones."""

    table: str
    key: str
    row: Row


def random_history(seed: int) -> list[Version]:
    """All states of all rows, those of one row in their order. Small enough that everything collides with something."""
    random = Random(seed)
    lists = list(_lists(random))
    clicks = [_clicked(random, random.choice(lists), number) for number in range(40)]
    visits = [_viewed(random, number) for number in range(40)] + [_checkout(random, number) for number in range(12)]
    visits += [row for number in range(6) for row in _stroll(random, number)]
    return [
        *(Version(raw.ORGANIZATIONS, name, raw.organization(name)) for name in (*SELLERS, "buyers")),
        *_prompts(random),
        *_prompt_versions(),
        *(Version(raw.EVENTS, f"{row['source']} {row['event_id']}", row) for row in (*lists, *clicks, *visits)),
        *(Version(raw.USERS, name, raw.user(name)) for name in USERS),
        *_orders(random, clicks),
        *_states(random),
        *_uses(random),
        *_reported_on_two_days(),
    ]


def deliver(history: list[Version], *, seed: int, loads: int) -> list[Delivery]:
    """The history spread over loads at random: children before parents, clicks before lists, half of it at once.

    Shuffled inside each load; and a third of it comes again, in a later load or the same one.
    """
    random = Random(seed)
    deliveries: list[Delivery] = [{} for _ in range(loads)]
    states: dict[str, list[tuple[int, Version]]] = {}
    for version in history:
        known = states.setdefault(f"{version.table} {version.key}", [])
        known.append((random.randint(known[-1][0] if known else 0, loads - 1), version))
    rows = list(states.values())
    random.shuffle(rows)
    for known in rows:
        if loads > 1 and random.random() < 0.3:
            known.append((random.randint(known[-1][0], loads - 1), known[-1][1]))
        for chosen, version in known:
            deliveries[chosen].setdefault(version.table, []).append(version.row)
    return deliveries


def _moment(random: Random) -> datetime:
    return START + timedelta(minutes=random.randrange(HISTORY_MINUTES))


def _after(random: Random, moment: datetime, *, hours: float) -> datetime:
    return moment + timedelta(minutes=random.randint(-5, int(hours * 60)))


def _prompts(random: Random) -> Iterator[Version]:
    for name, seller in PROMPTS.items():
        for _ in range(random.randint(1, 3)):
            row = raw.prompt(name, seller, currency=random.choice(CURRENCIES), price_cents=random.randrange(1000))
            yield Version(raw.PROMPTS, name, row | {"category": random.choice(CATEGORIES)})


def _states(random: Random) -> Iterator[Version]:
    """States of prompts, of which a first may be found to have begun earlier, and of companies."""
    for name in PROMPTS:
        moment = _moment(random)
        for number in range(1, random.randint(2, 4)):
            row = raw.prompt_state(name, number, moment, price_cents=random.randrange(1000))
            yield Version(raw.PROMPT_STATES, f"{name} {number}", row)
            if number == 1 and random.random() < 0.5:
                yield Version(raw.PROMPT_STATES, f"{name} 1", row | {"valid_from": raw.LONG_AGO})
            moment += timedelta(minutes=random.choice((0, 600, 2000)))
    for number in (1, 2):
        state = raw.organization_state("rivals", number, START + timedelta(days=number), f"Rivals {number}")
        yield Version(raw.ORGANIZATION_STATES, f"rivals {number}", state)


def _uses(random: Random) -> Iterator[Version]:
    for number in range(6):
        name, moment = random.choice(list(PROMPTS)), _moment(random)
        run = raw.ran(f"run {number}", moment, name, is_executed=number % 2 == 0, user_id=random.choice(USERS))
        yield Version(raw.EVENTS, f"run {number}", run)
        review = raw.review(f"review {number}", name, created_at=moment)
        yield Version(raw.REVIEWS, f"review {number}", review)
        if number % 2:
            yield Version(raw.REVIEWS, f"review {number}", review | {"rating": 1, "hidden_at": moment})


def _prompt_versions() -> Iterator[Version]:
    for name in PROMPTS:
        for version in range(1, 4):
            row = raw.prompt_version(name, version, START + timedelta(hours=version))
            yield Version(raw.PROMPT_VERSIONS, f"{name} {version}", row)


def _lists(random: Random) -> Iterator[Row]:
    # Fewer receipts than lists: some receipts are used again, by another list or for the same one reported twice.
    for number in range(14):
        names = random.choices(list(PROMPTS), k=random.randint(1, 4))
        source = random.choice(("api", "api", "partner"))
        shown_to = random.choice(({}, {}, {"organization_id": "buyers"}, {"user_id": "eve"}, {"anonymous_id": "phone"}))
        query = random.choice(({}, {"query": "Essay"}, {"query": "haiku  of"}))
        moment, receipt_id = _moment(random), random.choice(RECEIPTS)
        row = raw.served(f"list {number}", moment, receipt_id, names, source=source, **shown_to, **query)
        yield row
        if random.random() < 0.4:
            yield row | {"event_id": f"list {number} again", "occurred_at": _after(random, row["occurred_at"], hours=3)}


def _reported_on_two_days() -> Iterator[Version]:
    """Lists that one event reports before midnight and another one after it: of each day a row of its own."""
    midnight = START + timedelta(days=3)
    for number in range(8):
        for moment in (midnight - timedelta(minutes=number + 1), midnight + timedelta(minutes=number)):
            row = raw.served(f"night {number} {moment.date()}", moment, f"night {number}", ["prompt 0"])
            yield Version(raw.EVENTS, row["event_id"], row)


def _clicked(random: Random, served: Row, number: int) -> Row:
    item = random.choice(served["properties"]["items"])
    return raw.clicked(
        f"click {number}",
        _after(random, served["occurred_at"], hours=30),
        served["properties"]["receipt_id"],
        item["prompt_id"],
        position=random.choice((item["position"], 1)),
        user_id=random.choice((*USERS, None)),
        organization_id=random.choice(("buyers", None)),
        anonymous_id=random.choice((None, *DEVICES)),
        source=random.choice((served["source"], "client:buyers")),
    )


def _visitor(random: Random) -> Row:
    """Somebody on one of few devices, who may have said who it is: devices change hands."""
    return {
        "user_id": random.choice((None, None, *USERS)),
        "anonymous_id": random.choice((None, *DEVICES)),
        "session_id": random.choice((None, *VISITS)),
    }


def _viewed(random: Random, number: int) -> Row:
    return raw.viewed(f"view {number}", _moment(random), random.choice(list(PROMPTS)), **_visitor(random))


def _stroll(random: Random, number: int) -> Iterator[Row]:
    """Steps a quarter, half or three quarters of an hour apart: at, before and beyond the end of a session."""
    visitor, moment = _visitor(random), _moment(random)
    for step in range(8):
        moment += timedelta(minutes=random.choice((0, 15, 30, 45)))
        if random.random() < 0.3:
            visitor = visitor | {"user_id": random.choice((None, *USERS))}
        query = random.choice(("essay", " Essay\n", "haiku", None))
        yield raw.searched(f"stroll {number}.{step}", moment, query=query, result_count=step % 3, **visitor)


def _checkout(random: Random, number: int) -> Row:
    prompt_id = random.choice((None, random.choice(list(PROMPTS))))
    return raw.checkout(f"checkout {number}", _moment(random), f"order {number}", prompt_id)


def _orders(random: Random, clicks: list[Row]) -> Iterator[Version]:
    for number in range(24):
        click = random.choice(clicks)
        name, receipt_id = click["prompt_id"], click["properties"]["receipt_id"]
        columns: Row = {
            "seller_organization_id": PROMPTS[name],
            "currency": random.choice(CURRENCIES),
            "receipt_id": random.choice((None, receipt_id, random.choice(RECEIPTS))),
            "buyer_organization_id": random.choice(("buyers", "others")),
        }
        order_id, buyer = f"order {number}", random.choice(USERS)
        paid_at = _after(random, click["occurred_at"], hours=random.choice((2, 200)))
        if random.random() < 0.5:
            yield Version(raw.ORDERS, order_id, raw.order(order_id, name, buyer, None, **columns))
        if random.random() < 0.9:
            yield Version(raw.ORDERS, order_id, raw.order(order_id, name, buyer, paid_at, fee_cents=None, **columns))
            yield _booked(raw.booking(f"txn {number}", order_id, paid_at, **_converted(500, columns["currency"])))
            yield from _refunds(random, number, columns["currency"], paid_at)
            yield Version(raw.ORDERS, order_id, raw.order(order_id, name, buyer, paid_at, **columns))


def _refunds(random: Random, number: int, currency: str, paid_at: datetime) -> Iterator[Version]:
    for part in range(random.choice((0, 0, 1, 2))):
        refund_id = f"refund {number}.{part}"
        succeeded = raw.refund(refund_id, f"order {number}", _after(random, paid_at, hours=60), currency=currency)
        states = [
            raw.refund(refund_id, f"order {number}", None, currency=currency),
            succeeded,
            succeeded | {"status": "failed"},
        ]
        states = states[: random.randint(1, 3)]
        for state in states:
            yield Version(raw.REFUNDS, refund_id, state)
        for category, cents in (("refund", -200), ("refund_failure", 200))[: len(states) - 1]:
            amounts = _converted(cents, currency) | {"reporting_category": category}
            name = f"txn {number}.{part} {category}"
            yield _booked(raw.booked_refund(name, f"order {number}", refund_id, succeeded["refunded_at"], **amounts))


def _converted(cents: int, currency: str) -> Row:
    """Amounts of a booking; dollars become pounds at four fifths."""
    if currency != "USD":
        return {"amount_cents": cents, "currency": currency}
    source = {"source_amount_cents": cents, "source_currency": currency}
    return {"amount_cents": cents * 4 // 5, "currency": "GBP", "exchange_rate": 0.8, **source}


def _booked(row: Row) -> Version:
    return Version(raw.BOOKINGS, row["balance_transaction_id"], row)
