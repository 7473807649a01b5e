"""The services of the product: how each is started, and where it says that it is well."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from warehouse.settings import PROJECT_ROOT, Settings


@dataclass(frozen=True)
class Service:
    """One long-running process. A worker listens nowhere: it has no port, and is well while it lives."""

    name: str
    command: tuple[str, ...]
    health_url: str | None = None
    url: str = ""
    port: int | None = None
    port_setting: str = ""
    environment: dict[str, str] = field(default_factory=dict, hash=False)


def _environment(settings: Settings) -> dict[str, str]:
    # Byte code makes the second start of each Python process quicker; some machines turn it off.
    return {
        "DATA_DIR": str(settings.data_path),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(PROJECT_ROOT),
        "DAGSTER_HOME": str(settings.data_path / "dagster"),
    }


def stripe_simulator(settings: Settings) -> Service:
    """The local Stripe, which sends its webhooks to the API."""
    port = settings.simulator_port
    return Service(
        name="stripe-simulator",
        command=(
            sys.executable, "-m", "simulators.stripe", "--port", str(port),
            "--webhook-url", f"{settings.public_api_url}/api/v1/webhooks/stripe",
            "--data", str(settings.data_path / "stripe" / "simulator.sqlite"),
        ),
        health_url=f"http://127.0.0.1:{port}/health",
        url=f"http://127.0.0.1:{port}",
        port=port,
        port_setting="STRIPE_SIMULATOR_PORT",
        # By the environment, not on the command line, where every user of the machine could read it.
        environment=_environment(settings)
        | {"STRIPE_WEBHOOK_SECRET": settings.stripe_webhook_secret.get_secret_value()},
    )  # fmt: skip


def api(settings: Settings, *, reload: bool = False) -> Service:
    """The marketplace API."""
    url = f"http://{settings.api_host}:{settings.api_port}"
    directories = ("api", "warehouse", "ranking")
    watched = tuple(part for name in directories for part in ("--reload-dir", name)) if reload else ()
    return Service(
        name="api",
        command=(
            sys.executable, "-m", "uvicorn", "api.main:app", "--host", settings.api_host,
            "--port", str(settings.api_port), "--no-access-log", "--no-proxy-headers",
            # A client that takes nothing keeps nobody from storing what waits.
            "--timeout-graceful-shutdown", "5",
            *(("--reload",) if reload else ()), *watched,
        ),
        health_url=f"http://127.0.0.1:{settings.api_port}/health/ready",
        url=f"{url}/docs",
        port=settings.api_port,
        port_setting="API_PORT",
        environment=_environment(settings),
    )  # fmt: skip


def event_flusher(settings: Settings) -> Service:
    """Stores what the API accepted, also while the API is down."""
    return Service(
        name="event-flusher",
        command=(sys.executable, "cli/manage.py", "events", "flush", "--follow"),
        environment=_environment(settings),
    )


def dashboards(settings: Settings) -> Service:
    """The sellers' dashboards."""
    port = settings.dashboard_port
    return Service(
        name="dashboards",
        command=(
            sys.executable, "-m", "dashboards", "--server.port", str(port),
            "--server.address", settings.api_host, "--server.headless", "true", "--browser.gatherUsageStats", "false",
        ),
        health_url=f"http://127.0.0.1:{port}/_stcore/health",
        url=f"http://{settings.api_host}:{port}",
        port=port,
        port_setting="DASHBOARD_PORT",
        environment=_environment(settings),
    )  # fmt: skip


def dagster(settings: Settings) -> Service:
    """Dagster's web server, daemon and code server."""
    port = settings.dagster_port
    return Service(
        name="dagster",
        command=(
            str(Path(sys.executable).parent / "dagster"), "dev", "-w", "workspace.yaml",
            "-h", settings.api_host, "-p", str(port),
        ),
        health_url=f"http://127.0.0.1:{port}/server_info",
        url=f"http://{settings.api_host}:{port}",
        port=port,
        port_setting="DAGSTER_PORT",
        environment=_environment(settings),
    )  # fmt: skip
