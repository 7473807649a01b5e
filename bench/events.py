"""Taking in events: through HTTP, against a plain COPY of the same rows in the same run."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import click

from bench.floor import copy_rows
from bench.intake import Sent, event_bodies, event_rows, send_events
from bench.marketplace import Marketplace
from bench.tracking import measure_tracking
from warehouse.databases import connect
from warehouse.servers import Servers

HTTP_EVENTS = 300_000
WARM_UP_EVENTS = 10_000
TURNS = 3


def measure_events() -> None:
    """Print events a second of each way in, as a share of COPY."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        place = Path(directory)
        marketplace = Marketplace(place, EVENT_FLUSH_MAX_EVENTS="5000")
        try:
            marketplace.start("api")
            marketplace.start("flusher")
            sending = _Sending(marketplace)
            sending.measure("one API")
            # A process uses one processor: the service grows by replicas.
            marketplace.start("second-api")
            sending.measure("two APIs")
        finally:
            marketplace.stop()
        with marketplace.servers() as servers:
            measure_tracking(servers)


class _Sending:
    """Sends new events again and again, between copies of the same rows."""

    def __init__(self, marketplace: Marketplace) -> None:
        self._marketplace = marketplace
        self._sent = 0

    def measure(self, label: str) -> None:
        """Print the median of some turns."""
        # Connections are made and modules are imported by the first.
        self._send(WARM_UP_EVENTS)
        floors, turns = [], []
        with self._marketplace.servers() as servers:
            # Before and after each turn: the machine may do something else meanwhile.
            copies = [_copy_seconds(servers, HTTP_EVENTS)]
            for _ in range(TURNS):
                turns.append(self._send(HTTP_EVENTS))
                copies.append(_copy_seconds(servers, HTTP_EVENTS))
                floors.append(2 * HTTP_EVENTS / (copies[-2] + copies[-1]))
        accepted = [HTTP_EVENTS / turn.accepted_seconds for turn in turns]
        stored = [HTTP_EVENTS / turn.stored_seconds for turn in turns]
        _line(f"COPY of {HTTP_EVENTS:,} rows into one keyed table", floors, floors)
        _line(f"HTTP in batches of 500, {label}: accepted, durable", accepted, floors)
        _line(f"HTTP in batches of 500, {label}: until all is stored", stored, floors)
        used = {part: median(turn.processor_seconds[part] for turn in turns) for part in turns[0].processor_seconds}
        shown = ", ".join(f"{part} {seconds / HTTP_EVENTS * 1e6:.1f}" for part, seconds in used.items())
        click.echo(f"us of a processor an event took: {shown} (load {os.getloadavg()[0]:.1f})")

    def _send(self, count: int) -> Sent:
        sent = send_events(self._marketplace, list(event_bodies(count, first=self._sent)), stored_before=self._sent)
        self._sent += count
        return sent


def _line(label: str, rates: Sequence[float], floors: Sequence[float]) -> None:
    shares = [rate / floor for rate, floor in zip(rates, floors, strict=True)]
    click.echo(
        f"{label:<62}{median(rates):>10,.0f}/s{median(shares):>6.0%} of COPY"
        f" ({min(shares):.0%} to {max(shares):.0%} in {TURNS} turns)"
    )


def _copy_seconds(servers: Servers, count: int) -> float:
    """How long a plain COPY of the rows takes into one keyed table, from Python."""
    with connect(servers.database_url) as connection:
        return copy_rows(connection, list(event_rows(count)))
