"""What the API, the flusher and Redis hold in memory while millions of events go through them."""

import tempfile
from pathlib import Path

import click

from bench.intake import event_bodies, resident_mb, send_events
from bench.marketplace import Marketplace

PARTS = ("api", "flusher", "redis")
LOOKS = 10


def measure_event_memory(events: int) -> None:
    """Send events in ten parts, each as fast as they are taken, and print what is held after each is stored."""
    part = events // LOOKS
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        marketplace = Marketplace(Path(directory), EVENT_FLUSH_MAX_EVENTS="5000")
        try:
            marketplace.start("api")
            marketplace.start("flusher")
            click.echo(
                f"{'events stored':>14}" + "".join(f"{name + ' MB':>12}" for name in PARTS) + f"{'events/s':>12}"
            )
            for look in range(LOOKS):
                bodies = event_bodies(part, first=look * part)
                sent = send_events(marketplace, bodies, stored_before=look * part)
                held = resident_mb(marketplace)
                click.echo(
                    f"{(look + 1) * part:>14,}"
                    + "".join(f"{held[name]:>12.0f}" for name in PARTS)
                    + f"{part / sent.stored_seconds:>12,.0f}"
                )
        finally:
            marketplace.stop()
