"""The command behind `./start.sh`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from cli.failure import run
from cli.start import services
from cli.start.preparation import (
    check_disk,
    prepare_databases,
    prepare_publication,
    prepare_sample_data,
)
from cli.start.services import Service
from cli.start.supervisor import Supervisor, check_ports, supervising
from orchestration.home import prepare_dagster_home
from warehouse.servers import Servers, running_servers
from warehouse.settings import Settings, get_settings


def say(line: str) -> None:
    """One line of progress."""
    click.echo(f"• {line}")


@click.group(invoke_without_command=True)
@click.pass_context
def start(context: click.Context) -> None:
    """Prepare everything and run the API, the dashboards and Dagster until Ctrl-C."""
    if context.invoked_subcommand is None:
        context.invoke(up)


@start.command()
def up() -> None:
    """Run everything in the foreground (the default)."""
    settings = get_settings()
    check_disk(settings)
    prepare_dagster_home(settings.data_path)
    wanted = [
        services.api(settings),
        services.event_flusher(settings),
        services.dashboards(settings),
        services.dagster(settings),
    ]
    with started(settings, wanted, with_pipeline=True) as (supervisor, servers):
        print_addresses(settings)
        watch_until_interrupted(supervisor, servers)


@start.command()
def dev() -> None:
    """Run the API alone, started again whenever its source changes."""
    settings = get_settings()
    with started(settings, [services.api(settings, reload=True)], with_pipeline=False) as (supervisor, servers):
        click.echo(f"API  {services.api(settings).url}   (log: {supervisor.log(services.api(settings, reload=True))})")
        watch_until_interrupted(supervisor, servers)


@start.command()
def demo() -> None:
    """Let sample buyers browse and buy, run the pipeline, print the top 10 and one seller's figures, and stop."""
    from cli.start.demo import play

    settings = get_settings()
    with started(settings, [services.api(settings)], with_pipeline=False):
        play(settings, say)


def watch_until_interrupted(supervisor: Supervisor, servers: Servers) -> None:
    """Keep everything alive; Ctrl-C is how this is meant to end."""
    try:
        supervisor.watch(servers.ensure_running, say)
    except KeyboardInterrupt:
        click.echo("\n• stopping")


@contextmanager
def started(
    settings: Settings, wanted: Sequence[Service], *, with_pipeline: bool
) -> Iterator[tuple[Supervisor, Servers]]:
    """Everything prepared and `wanted` services answering; all of it stopped at the end."""
    if settings.stripe_base is not None and settings.stripe_api_base is None:
        wanted = [services.stripe_simulator(settings), *wanted]
    check_disk(settings)
    check_ports(wanted)
    # Servers outlive the services that use them.
    with running_servers(settings) as servers, supervising(settings.data_path / "logs") as supervisor:
        say("database and Redis servers are up")
        prepare_databases(servers, say)
        prepare_sample_data(servers, settings, say)
        if with_pipeline:
            prepare_publication(servers, say)
        for service in wanted:
            supervisor.start(service)
        supervisor.wait_until_ready(lambda service: say(f"{service.name} is up"))
        yield supervisor, servers


def print_addresses(settings: Settings) -> None:
    """Where to go and who to be."""
    from cli.sample import SAMPLE_PASSWORD, SAMPLE_USERS

    click.echo("")
    click.echo(f"  API         {services.api(settings).url}")
    click.echo(f"  Dashboards  {services.dashboards(settings).url}")
    click.echo(f"  Dagster     {services.dagster(settings).url}")
    if settings.environment != "production":
        click.echo(f"  Sample log-ins, password {SAMPLE_PASSWORD!r}:")
        for email, role in SAMPLE_USERS:
            click.echo(f"    {email:<24}{role}")
    click.echo(f"  Logs in {settings.data_path / 'logs'}. Stop with Ctrl-C.\n")


if __name__ == "__main__":
    sys.exit(run(start))
