"""``python -m simulators.stripe``: runs the simulator until it is told to stop."""

import os
import sys
from pathlib import Path

import click

from simulators.stripe.app import create_app
from simulators.stripe.config import ConfigurationInvalid, RetrySchedule, SimulatorConfig
from simulators.stripe.database import DataFileUnusable
from simulators.stripe.server import PortTaken, bind, serve

DEFAULT_PORT = 12111


def _default_data() -> Path:
    return Path(os.environ.get("DATA_DIR") or ".data") / "stripe-simulator.sqlite"


@click.command(context_settings={"show_default": True, "max_content_width": 120})
@click.option("--host", default="127.0.0.1", envvar="STRIPE_SIMULATOR_HOST", help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, envvar="STRIPE_SIMULATOR_PORT", help="0: a free one."
)
@click.option("--webhook-url", envvar="STRIPE_SIMULATOR_WEBHOOK_URL", help="Where to deliver events. None: nowhere.")
@click.option("--webhook-secret", envvar="STRIPE_WEBHOOK_SECRET", help="Signing secret shared with the receiver.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_default_data,
    envvar="STRIPE_SIMULATOR_DATA",
    show_default="stripe-simulator.sqlite in DATA_DIR (.data)",
    help="SQLite file that keeps everything over a restart.",
)
@click.option("--seed", type=int, default=0, envvar="STRIPE_SIMULATOR_SEED", help="Seed of the shuffled order.")
@click.option("--webhook-retry-base-seconds", type=float, default=0.5, help="Wait after the first failed attempt.")
@click.option("--webhook-retry-cap-seconds", type=float, default=30.0, help="Longest wait between two attempts.")
@click.option("--webhook-max-attempts", type=int, default=10, help="Attempts before an event is given up.")
@click.option("--webhook-timeout-seconds", type=float, default=10.0, help="Wait for the receiver's answer.")
@click.option("--webhook-concurrency", type=int, default=8, help="Deliveries under way at once.")
def main(
    host: str,
    port: int,
    webhook_url: str | None,
    webhook_secret: str | None,
    data: Path,
    seed: int,
    webhook_retry_base_seconds: float,
    webhook_retry_cap_seconds: float,
    webhook_max_attempts: int,
    webhook_timeout_seconds: float,
    webhook_concurrency: int,
) -> None:
    """A local Stripe that the official SDKs can talk to.

    Besides a part of Stripe's API under /v1 it has control endpoints under /_simulator: GET and PUT faults, GET
    deliveries, POST webhooks/redeliver; they are described at /docs. Any sk_test_ key is accepted.
    """
    try:
        config = SimulatorConfig(
            data=data,
            webhook_url=webhook_url or None,
            webhook_secret=webhook_secret,
            seed=seed,
            retry=RetrySchedule(
                base_seconds=webhook_retry_base_seconds,
                cap_seconds=webhook_retry_cap_seconds,
                max_attempts=webhook_max_attempts,
            ),
            webhook_timeout_seconds=webhook_timeout_seconds,
            webhook_concurrency=webhook_concurrency,
        )
        listener = bind(host, port)
        app = create_app(config)
    except (ConfigurationInvalid, PortTaken, DataFileUnusable) as error:
        click.echo(f"stripe simulator: {error}", err=True)
        sys.exit(2)
    target = f"webhooks to {webhook_url}" if webhook_url else "no webhooks"
    click.echo(f"Stripe simulator on http://{host}:{listener.getsockname()[1]}, {target}, data in {data}")
    sys.stdout.flush()
    serve(app, listener)


if __name__ == "__main__":
    main(prog_name="python -m simulators.stripe")
