"""The command behind `./start.sh`."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
import psycopg

from cli.start import services
from cli.start.preparation import (
    PreparationFailed,
    check_disk,
    prepare_databases,
    prepare_publication,
    prepare_sample_data,
)
from cli.start.services import Service
from cli.start.supervisor import PortTaken, ServiceFailed, Supervisor, check_ports, supervising
from warehouse.servers import Servers, ServerStartFailed, ServerUnreachable, running_servers
from warehouse.settings import Settings, SettingsInvalid, get_settings

EXPECTED = (
    PreparationFailed, PortTaken, ServiceFailed, ServerStartFailed, ServerUnreachable, SettingsInvalid,
    psycopg.OperationalError,
)  # fmt: skip


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
    wanted = [services.api(settings), services.dashboards(settings), services.dagster(settings)]
    with started(settings, wanted, with_pipeline=True) as (supervisor, servers):
        print_addresses(settings)
        supervisor.watch(servers.ensure_running, say)


@start.command()
def dev() -> None:
    """Run the API alone, started again whenever its source changes."""
    settings = get_settings()
    with started(settings, [services.api(settings, reload=True)], with_pipeline=False) as (supervisor, servers):
        click.echo(f"API  {services.api(settings).url}   (log: {supervisor.log(services.api(settings, reload=True))})")
        supervisor.watch(servers.ensure_running, say)


@start.command()
def demo() -> None:
    """Let sample buyers browse and buy, run the pipeline, print the top 10 and one seller's figures, and stop."""
    from cli.start.demo import play

    settings = get_settings()
    with started(settings, [services.api(settings)], with_pipeline=False):
        play(settings, say)


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


def main() -> None:
    """Run, and say in one line what went wrong."""
    try:
        start(standalone_mode=False)
    except KeyboardInterrupt:
        click.echo("\nstopped")
    except click.Abort:
        click.echo("\nstopped")
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except EXPECTED as error:
        with contextlib.suppress(BrokenPipeError):
            click.echo(f"can't start: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
