"""A full rebuild of all marts with DuckDB, against a script written by hand that computes the same ones."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import duckdb

from api.migrations import migrate
from bench.rebuild_data import fill_warehouse, write_lake
from bench.tree import Cost, run_measured
from warehouse.engine import ENGINE_DIRECTORY, frozen, gather_sources
from warehouse.lake import LAKE_DIRECTORY
from warehouse.loading import prepare_warehouse
from warehouse.servers import running_servers
from warehouse.settings import PROJECT_ROOT, Settings

BY_HAND = Path(__file__).with_name("by_hand")
MEMORY_LIMIT_MB = 3000
WHOLES = {
    "agg_sellers_performance_daily": "seller_organization_id",
    "agg_categories_performance_daily": "category",
    "agg_marketplace_daily": None,
}
SUMMED = (
    "impression_count", "click_count", "view_count", "checkout_count", "order_count", "refund_count",
    "gross_revenue_amount", "refunded_amount", "net_revenue_amount",
)  # fmt: skip


def measure_rebuild(events: int) -> None:
    """Print what both cost, by the clock, the processor and the memory, and whether they built the same."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        place = Path(directory)
        settings = Settings(data_dir=place, database_url=None, warehouse_url=None, redis_url=None)
        with running_servers(settings) as servers:
            migrate(servers.database_url)
            prepare_warehouse(servers.warehouse_url)
            fill_warehouse(servers.warehouse_url, events=events)
            write_lake(place / LAKE_DIRECTORY, events=events)
            with frozen(servers.warehouse_url) as warehouse:
                gather_sources(warehouse.reading, place / LAKE_DIRECTORY, place / "tables", place / "unused.duckdb")
            by_hand = _run_by_hand(place)
            whole, inside = _run_engine(place)
        different = _compare(place / ENGINE_DIRECTORY / "rebuilt.duckdb", place / "by-hand.duckdb")
    click.echo(f"{events:,} events                        seconds    cpu s  peak MB")
    for label, cost in (("script written by hand", by_hand), ("pipeline run --engine duckdb", whole)):
        click.echo(f"{label:<30}{cost.seconds:>14.1f}{cost.processor_seconds:>9.1f}{cost.peak_mb:>9.0f}")
    click.echo(
        f"{whole.seconds / by_hand.seconds:.2f} times the seconds, {inside / by_hand.seconds:.2f} without starting the"
        f" program, {whole.processor_seconds / by_hand.processor_seconds:.2f} times the processor"
    )
    click.echo("The same rows in every mart." if not different else f"Marts that differ: {', '.join(different)}")


def run_script(lake: Path, tables: Path, result: Path) -> None:
    """Build all marts with the script, in this process: of a lake, and of the other raw tables as files."""
    with duckdb.connect(str(result), config={"memory_limit": f"{MEMORY_LIMIT_MB}MB"}) as database:
        wholes = "".join(_whole(mart, key) for mart, key in WHOLES.items())
        for file in sorted(BY_HAND.glob("*.sql")):
            database.execute(file.read_text().format(lake=lake, tables=tables, wholes=wholes))


def _run_by_hand(place: Path) -> Cost:
    places = ", ".join(f"Path({str(place / name)!r})" for name in (LAKE_DIRECTORY, "tables", "by-hand.duckdb"))
    program = f"from pathlib import Path; from bench.rebuild import run_script; run_script({places})"
    return run_measured([sys.executable, "-c", program], environment={}, cwd=PROJECT_ROOT)


def _run_engine(place: Path) -> tuple[Cost, float]:
    """The cost of the command, and the seconds it says its work took."""
    report = place / "report.json"
    command = f'"{sys.executable}" cli/manage.py pipeline run --engine duckdb --json > "{report}"'
    environment = {
        "DATA_DIR": str(place),
        "PYTHONDONTWRITEBYTECODE": "",
        "ENGINE_MEMORY_LIMIT_MB": str(MEMORY_LIMIT_MB),
    }
    try:
        cost = run_measured(["bash", "-c", command], environment=environment, cwd=PROJECT_ROOT)
    except subprocess.CalledProcessError:
        click.echo(report.read_text(), err=True)
        raise
    return cost, float(json.loads(report.read_text())["seconds"])


def _whole(mart: str, key: str | None) -> str:
    """A statement of the script: the performance of a whole, from the days of its prompts."""
    keys = f"{key}, performance_date, currency" if key else "performance_date, currency"
    named = ", ".join(f"d.{name}" for name in keys.split(", "))
    sums = ", ".join(
        f"sum({name})::{'decimal(18, 2)' if name.endswith('amount') else 'bigint'} as {name}" for name in SUMMED
    )
    counted = () if mart.startswith("agg_sellers") else ("unique_buyer_count", "active_seller_count")
    parties = "".join(f"coalesce({name}, 0) as {name}, " for name in counted)
    return f"""
create table marts.{mart} as
with sums as (select {keys}, {sums} from day_wholes group by all),
viewers as (
    select {named}, count(distinct person_id) as unique_viewer_count
    from views as v inner join day_wholes as d on v.prompt_id = d.prompt_id and viewed_date = performance_date
    where d.view_count > 0 group by all
),
bought as (
    select {named}, count(*) as purchased
    from marts.fct_impressions as i inner join day_wholes as d
        on i.prompt_id = d.prompt_id and served_date = performance_date
    where d.click_count > 0 and is_purchased and is_counted group by all
),
parties as (
    select {named}, count(distinct buyer_organization_id) as unique_buyer_count,
        count(distinct o.seller_organization_id) as active_seller_count
    from marts.fct_orders as o inner join day_wholes as d
        on o.prompt_id = d.prompt_id and paid_date = performance_date and o.currency = d.currency
    group by all
)
select sums.*, coalesce(unique_viewer_count, 0) as unique_viewer_count, {parties}
    rate(click_count, impression_count) as click_through_rate,
    rate(coalesce(purchased, 0), click_count) as conversion_rate
from sums left join viewers using ({keys}) left join bought using ({keys}) left join parties using ({keys});
"""


def _compare(built: Path, by_hand: Path) -> list[str]:
    """The marts of the script that the build has otherwise, or not at all; and those it alone has."""
    with duckdb.connect(config={"memory_limit": f"{MEMORY_LIMIT_MB}MB"}) as database:
        database.execute(f"attach '{built}' as ours (read_only); attach '{by_hand}' as theirs (read_only)")
        found = {
            name: {mart for (mart,) in database.execute(
                "select table_name from duckdb_tables() where database_name = ? and schema_name = 'marts'", [name]
            ).fetchall()}
            for name in ("ours", "theirs")
        }  # fmt: skip
        different = [mart for mart in sorted(found["ours"] & found["theirs"]) if _differs(database, mart)]
    return [*different, *(f"{mart} (on one side)" for mart in sorted(found["ours"] ^ found["theirs"]))]


def _differs(database: duckdb.DuckDBPyConnection, mart: str) -> bool:
    columns = [name for name, *_ in database.execute(f"describe ours.marts.{mart}").fetchall()]
    sides = [f"select {', '.join(columns)} from {side}.marts.{mart}" for side in ("ours", "theirs")]
    try:
        return any(
            database.execute(f"select 1 from ({one} except all {other}) limit 1").fetchall()
            for one, other in (sides, sides[::-1])
        )
    except duckdb.BinderException:
        return True
