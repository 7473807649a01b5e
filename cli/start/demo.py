"""One pass of the main job: sample buyers buy, the pipeline runs, the result is read back through the API."""

from typing import Any

import click
import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.output import one_line
from cli.sample import SAMPLE_PASSWORD, SAMPLE_SELLER_EMAIL
from cli.start.preparation import PreparationFailed, Say, run_command
from simulators.buyers.behaviour import play_round
from simulators.buyers.client import ApiAnsweredUnexpectedly
from warehouse.settings import Settings

BUYERS = 5
SEED = 20_260_101
TOP = 10


def play(settings: Settings, say: Say) -> None:
    """Play the demo against the running API. Raises `PreparationFailed`."""
    try:
        _shop(settings, say)
        say("running the pipeline")
        run_command("pipeline", "run")
        with httpx.Client(base_url=f"{settings.public_api_url}/api/v1", timeout=60, trust_env=False) as http:
            _print_top(http)
            _print_seller(http)
    except (ApiAnsweredUnexpectedly, httpx.HTTPError) as error:
        raise PreparationFailed(f"the API did not play along: {error}") from None


def _shop(settings: Settings, say: Say) -> None:
    say(f"{BUYERS} sample companies sign up, browse and buy")
    takings = play_round(
        settings.public_api_url, buyers=BUYERS, seed=SEED, on_buyer=lambda name: say(f"  {name} has been shopping")
    )
    say(
        f"{takings.lists} lists served, {takings.clicks} clicks, "
        f"{takings.orders} orders paid, {takings.refunds} refunded"
    )


def _print_top(http: httpx.Client) -> None:
    answer = _answer(http.get("/marketplace/rankings", params={"surface": "top", "limit": TOP}))
    title = f"Top {TOP} · policy {answer['policy_version']} · as of {answer['as_of']}"
    table = Table(title=title, title_justify="left")
    for heading in ("rank", "prompt", "score", "why"):
        table.add_column(heading, justify="right" if heading in ("rank", "score") else "left")
    for item in answer["items"]:
        parts = sorted(item["contributions"], key=lambda part: -abs(part["contribution"]))
        why = ", ".join(f"{part['component']} {part['contribution']:+.3f}" for part in parts[:3])
        table.add_row(str(item["rank"]), escape(one_line(item["title"])), f"{item['score']:.4f}", why)
    _console().print(table)


def _print_seller(http: httpx.Client) -> None:
    login = _answer(http.post("/auth/login", json={"email": SAMPLE_SELLER_EMAIL, "password": SAMPLE_PASSWORD}))
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    dashboard = _answer(http.get("/analytics/dashboard", headers=headers))
    title = f"{SAMPLE_SELLER_EMAIL} · publication {dashboard['publication_id']}"
    table = Table(title=title, title_justify="left")
    for heading in ("currency", "impressions", "clicks", "orders", "refunds", "gross", "refunded", "net"):
        table.add_column(heading, justify="left" if heading == "currency" else "right")
    for row in dashboard["totals"]:
        table.add_row(
            row["currency"],
            *(f"{row[name]:,}" for name in ("impression_count", "click_count", "order_count", "refund_count")),
            *(str(row[name]) for name in ("gross_revenue_amount", "refunded_amount", "net_revenue_amount")),
        )
    _console().print(table)


def _console() -> Console:
    # Piped output gets a fixed width wide enough for the tables instead of 80 columns.
    return Console() if click.get_text_stream("stdout").isatty() else Console(width=120)


def _answer(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        request = response.request
        raise ApiAnsweredUnexpectedly(f"{request.method} {request.url.path}: {response.status_code} {response.text}")
    found: dict[str, Any] = response.json()
    return found
