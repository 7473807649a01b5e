"""Writes a market as three import files and the truth behind them."""

import csv
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from simulators.market.behaviour import ETA, Event, Ledger, Order, Visits
from simulators.market.shelf import EXPLORATION, POLICY_VERSION
from simulators.market.world import MarketSize, World, build_world

CATALOG, EVENTS, ORDERS, TRUTH = "catalog.csv", "events.jsonl", "orders.csv", "truth.json"
SOURCE = "market"


def generate(directory: Path, *, seed: int, size: MarketSize, end: datetime) -> dict[str, Any]:
    """Write `catalog.csv`, `events.jsonl`, `orders.csv` and `truth.json` into a directory; the truth.

    Everything happens in the `size.days` days before `end`. The same seed, size and end give the same bytes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    world = build_world(seed=seed, size=size, end=end)
    ledger = Visits(world, seed=seed).play()
    _write_catalog(directory / CATALOG, world)
    _write_events(directory / EVENTS, ledger.events)
    _write_orders(directory / ORDERS, ledger.orders)
    truth = _truth(world, ledger, seed=seed)
    (directory / TRUTH).write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return truth


def _write_catalog(path: Path, world: World) -> None:
    header = (
        "external_id", "title", "template", "description", "category", "tags", "price_cents", "currency", "seller",
        "model", "created_at",
    )  # fmt: skip
    rows = (
        (
            prompt.external_id, prompt.title, prompt.template, prompt.description, prompt.category,
            f"{prompt.category};business", prompt.price_cents, prompt.currency, prompt.seller, "gpt-4o",
            _rfc3339(prompt.published_at),
        )
        for prompt in world.prompts
    )  # fmt: skip
    _write_csv(path, header, rows)


def _write_orders(path: Path, orders: list[Order]) -> None:
    header = (
        "external_id", "prompt_external_id", "user_external_id", "amount_cents", "currency", "paid_at", "refunded_at",
        "refunded_cents",
    )  # fmt: skip
    rows = (
        (
            order.external_id, order.prompt.external_id, order.buyer.external_id, order.prompt.price_cents,
            order.prompt.currency, _rfc3339(order.paid_at),
            _rfc3339(order.refunded_at) if order.refunded_at else "", order.refunded_cents or "",
        )
        for order in orders
    )  # fmt: skip
    _write_csv(path, header, rows)


def _write_csv(path: Path, header: tuple[str, ...], rows: Any) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _write_events(path: Path, events: list[Event]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for event in events:
            row = {
                "event_id": event.event_id,
                "event_name": event.event_name,
                "occurred_at": _rfc3339(event.occurred_at),
                "source": SOURCE,
                "prompt_external_id": event.prompt_external_id,
                "user_external_id": event.user_external_id,
                "session_id": event.session_id,
                "request_id": event.request_id,
                "position": event.position,
                "properties": event.properties,
            }
            file.write(json.dumps({name: value for name, value in row.items() if value is not None}) + "\n")


def _truth(world: World, ledger: Ledger, *, seed: int) -> dict[str, Any]:
    gross: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    for order in ledger.orders:
        gross[order.prompt.currency] += order.prompt.price_cents
        refunded[order.prompt.currency] += order.refunded_cents or 0
    return {
        "seed": seed,
        "start": _rfc3339(world.start),
        "end": _rfc3339(world.end),
        "eta": ETA,
        "exploration": EXPLORATION,
        "policy_version": POLICY_VERSION,
        "events": dict(sorted(Counter(event.event_name for event in ledger.events).items())),
        "orders": len(ledger.orders),
        "refunds": sum(order.refunded_cents is not None for order in ledger.orders),
        "gross_cents": dict(sorted(gross.items())),
        "refunded_cents": dict(sorted(refunded.items())),
        "sellers": dict(Counter(order.prompt.seller for order in ledger.orders).most_common()),
        "prompts": [
            {
                "external_id": prompt.external_id,
                "title": prompt.title,
                "category": prompt.category,
                "seller": prompt.seller,
                "published_at": _rfc3339(prompt.published_at),
                "character": prompt.character,
                "attraction": prompt.attraction,
                "conversion": prompt.conversion,
                "regret": prompt.regret,
            }
            for prompt in world.prompts
        ],
    }


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
