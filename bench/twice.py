"""Every event sent twice through HTTP, from the request to the table: each is to be stored once."""

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bench.intake import BATCH, count_stored, event_bodies, send_all, wait_until_stored
from bench.marketplace import Marketplace
from warehouse.databases import connect
from warehouse.servers import Servers

LEDGER = """
select
    sum(received_count)::bigint as received, sum(stored_count)::bigint as stored,
    sum(duplicate_count)::bigint as duplicates, sum(quarantined_count)::bigint as quarantined
from event_batches
"""


def measure_twice(events: int) -> None:
    """Send events, and the same again at once: many of the first still wait to be stored then. Print what is stored."""
    began = datetime.now(UTC) - timedelta(days=1)
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        marketplace = Marketplace(Path(directory), EVENT_FLUSH_MAX_EVENTS="5000")
        try:
            marketplace.start("api")
            marketplace.start("second-api")
            marketplace.start("flusher")
            headers = marketplace.sign_up()
            sent = []
            for found in ("accepted", "duplicates"):
                began_sending = time.perf_counter()
                count = BATCH * send_all(marketplace, headers, event_bodies(events, began=began), found=found)
                sent.append(f"{count:,} sent, {found}: {time.perf_counter() - began_sending:.0f} s")
            with marketplace.servers() as servers:
                wait_until_stored(servers)
                click.echo("; ".join(sent))
                _show_stored(servers)
        finally:
            marketplace.stop()


def _show_stored(servers: Servers) -> None:
    with connect(servers.database_url) as connection:
        stored = count_stored(connection)
        ledger = connection.execute(LEDGER).fetchone()
    assert ledger is not None
    click.echo(f"stored: {stored:,} (load {os.getloadavg()[0]:.1f})")
    click.echo(
        f"ledger: {ledger['received']:,} received = {ledger['stored']:,} stored + {ledger['duplicates']:,} duplicates"
        f" + {ledger['quarantined']:,} quarantined (calls of the API among them)"
    )
