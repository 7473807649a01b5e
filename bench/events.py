"""Taking in events: through HTTP, against a plain COPY of the same rows in the same run."""

import tempfile
from pathlib import Path

import click

from bench.floor import copy_rows
from bench.intake import event_bodies, event_rows, send_events
from bench.marketplace import Marketplace
from bench.tracking import measure_tracking
from warehouse.databases import connect
from warehouse.servers import Servers

HTTP_EVENTS = 100_000
WARM_UP_EVENTS = 5_000


def measure_events() -> None:
    """Print events a second of each way in, as a share of COPY."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        place = Path(directory)
        marketplace = Marketplace(place, EVENT_FLUSH_MAX_EVENTS="5000")
        try:
            marketplace.start("api")
            marketplace.start("flusher")
            _measure_http(marketplace)
        finally:
            marketplace.stop()
        with marketplace.servers() as servers:
            measure_tracking(servers)


def _measure_http(marketplace: Marketplace) -> None:
    # Connections are made and modules are imported by the first.
    send_events(marketplace, event_bodies(WARM_UP_EVENTS))
    bodies = list(event_bodies(HTTP_EVENTS, first=WARM_UP_EVENTS))
    with marketplace.servers() as servers:
        # Before and after: the machine may do something else meanwhile.
        seconds = _copy_seconds(servers, HTTP_EVENTS)
        sent = send_events(marketplace, bodies, stored_before=WARM_UP_EVENTS)
        floor = 2 * HTTP_EVENTS / (seconds + _copy_seconds(servers, HTTP_EVENTS))
    _line(f"COPY of {HTTP_EVENTS:,} rows into one keyed table", floor, floor)
    _line("HTTP in batches of 500: accepted, durable", HTTP_EVENTS / sent.accepted_seconds, floor)
    _line("HTTP in batches of 500: until all is stored", HTTP_EVENTS / sent.stored_seconds, floor)
    used = ", ".join(f"{part} {each / HTTP_EVENTS * 1e6:.1f}" for part, each in sent.processor_seconds.items())
    click.echo(f"us of a processor an event took: {used}")


def _line(label: str, rate: float, floor: float) -> None:
    click.echo(f"{label:<52}{rate:>10,.0f}/s{rate / floor:>8.0%} of COPY")


def _copy_seconds(servers: Servers, count: int) -> float:
    """How long a plain COPY of the rows takes into one keyed table, from Python."""
    with connect(servers.database_url) as connection:
        return copy_rows(connection, list(event_rows(count)))
