"""A person is erased from everything, and a prompt is held: two pipeline runs, one before and one after."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import duckdb
import pyarrow.parquet as pq
import pytest
import redis
from dagster import DagsterInstance
from psycopg import sql

from api.lifespan import open_resources
from api.own_data.erasure import erase
from api.tenancy import PLATFORM
from orchestration.engine import EngineOutcome, run_on_duckdb
from orchestration.outcome import RunOutcome
from orchestration.run import run_pipeline
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import read, read_value
from warehouse.databases import connect
from warehouse.events import server_event
from warehouse.intake import ready
from warehouse.journal.recent import bucket_keys
from warehouse.journal.stream import ROWS_FIELD, STREAM, encode_rows
from warehouse.lake import LAKE_DIRECTORY, archive_events
from warehouse.servers import running_servers
from warehouse.settings import get_settings

ANA = UUID("0c000000-0000-0000-0000-000000000001")
BOB = "0c000000-0000-0000-0000-000000000002"
EMAIL = "ana.lind@acme.example"
DEVICE = "device-of-ana-0001"
NAMES = (str(ANA), EMAIL, DEVICE)
PROMPT = "0d000000-0000-0000-0000-000000000001"
ORGANIZATION = "0b000000-0000-0000-0000-000000000001"
OTHERS = "0b000000-0000-0000-0000-0000000000ee"
EVE = "0c000000-0000-0000-0000-0000000000ee"

PLANT = f"""
update users set email = '{EMAIL}', external_id = null where id = '{ANA}';

insert into reviews (prompt_id, organization_id, user_id, rating, text)
values ('{PROMPT}', '{ORGANIZATION}', '{ANA}', 5, 'Write to {EMAIL}');

insert into sessions (user_id, organization_id, address, user_agent, expires_at)
values ('{ANA}', '{ORGANIZATION}', '192.0.2.1', 'browser of {EMAIL}', now() + interval '7 days');

insert into quarantine (kind, origin, fingerprint, byte_count, raw, reason, detail)
values ('events', 'api', '\\x01', 1, convert_to('{{"user_id": "{ANA}"}}', 'UTF8'), 'prompt_unknown', 'no such prompt');

insert into webhook_inbox (source, external_id, event_type, body, payload, handled_at)
values ('stripe', 'evt_ana', 'customer.created', convert_to('{{"email": "Ana.Lind@acme.example"}}', 'UTF8'),
    '{{"id": "evt_ana", "data": {{"object": {{"email": "Ana.Lind@acme.example"}}}}}}', now());

insert into outbox (kind, payload, given_up_at) values ('mail.notice', '{{"to": "{EMAIL}"}}', now());

insert into idempotency_keys (caller, key, fingerprint, claim_id, claimed_until, expires_at)
values ('user:{ANA}', 'k', decode(repeat('00', 32), 'hex'), gen_random_uuid(), now(), now() + interval '1 day');

select make_event_day((now() - interval '3 days')::date);

insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id, anonymous_id,
    session_id, request_id, prompt_id, properties, batch_id
)
values
    ('api', 'viewed-before-login', 'prompt.viewed', 1, now() - interval '3 days', now() - interval '3 days', null, null,
        '{DEVICE}', 'visit-1', null, '{PROMPT}', '{{}}', 2000),
    ('api', 'viewed-after-login', 'prompt.viewed', 1, now() - interval '3 days', now() - interval '3 days',
        '{ORGANIZATION}', '{ANA}', '{DEVICE}', 'visit-1', 'request-of-{ANA}', '{PROMPT}', '{{"dwell_ms": 5}}', 2000),
    ('api', 'searched', 'search.performed', 1, now(), now(), '{ORGANIZATION}', '{ANA}', '{DEVICE}', 'visit-1', null,
        null, '{{"query": "mails of {EMAIL}", "result_count": 0}}', 2001),
    ('client:{ORGANIZATION}', 'click of {EMAIL}', 'prompt.clicked', 1, now(), now(), '{ORGANIZATION}', '{ANA}', null,
        null, null, '{PROMPT}', '{{"position": 1, "receipt_id": "receipt-1"}}', 2001),
    ('client:{ORGANIZATION}', 'shared-by-bob', 'note.shared', 1, now(), now(), '{ORGANIZATION}', '{BOB}', '{DEVICE}',
        null, null, null, '{{"with": "{ANA}", "mail": "{EMAIL}", "device": "{DEVICE}", "kept": 7}}', 2001);

-- Ana clicks in her own list and in one of somebody of another company, who clicks in hers.
insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id, anonymous_id,
    prompt_id, properties, batch_id
)
select
    case event_name when 'results.served' then 'api' else 'client:' || organization_id end,
    md5(event_name || user_id || of), event_name, 1, now(), now(), organization_id::uuid, user_id::uuid,
    case user_id when '{ANA}' then '{DEVICE}' end, case event_name when 'prompt.clicked' then '{PROMPT}'::uuid end,
    jsonb_build_object('receipt_id', 'receipt of ' || md5(of), 'surface', 'top', 'position', 1)
    || case event_name
        when 'results.served'
            then '{{"items": [{{"prompt_id": "{PROMPT}", "position": 1, "score": 1, "propensity": 1}}]}}'
        else '{{}}'
    end::jsonb,
    2001
from (
    values
        ('results.served', '{ORGANIZATION}', '{ANA}', '{ANA}'),
        ('results.served', '{OTHERS}', '{EVE}', '{EVE}'),
        ('prompt.clicked', '{ORGANIZATION}', '{ANA}', '{ANA}'),
        ('prompt.clicked', '{ORGANIZATION}', '{ANA}', '{EVE}'),
        ('prompt.clicked', '{OTHERS}', '{EVE}', '{ANA}')
) as made (event_name, organization_id, user_id, of);

insert into event_batches (id, origin, received_count, stored_count, duplicate_count, quarantined_count)
select batch_id, 'test', count(*), count(*), 0, 0 from raw_events where batch_id >= 2000 group by batch_id
"""
HELD = "0d000000-0000-0000-0000-000000000002"
HOLD = f"""
insert into decisions (kind, organization_id, prompt_id, reason, ground, rule, facts, detected_by)
select 'ranking_hold', seller_organization_id, id, 'manipulated_ranking', 'terms', 'Terms, 4', 'Seen', 'notice'
from prompts where id = '{HELD}'
"""
RANKED = f"select count(*) from marts.rank_prompts where prompt_id = '{HELD}'"
SOLD = f"select count(*) from marts.fct_orders where prompt_id = '{HELD}'"
TOTALS = """
select currency, sum(impression_count) as impressions, sum(click_count) as clicks, sum(view_count) as views,
    sum(order_count) as orders, sum(net_revenue_amount) as net
from marts.agg_prompts_performance_daily group by currency order by currency
"""


def find_names(url: str) -> list[str]:
    """The tables of a database in which a name of the person stands, in whatever form."""
    with connect(url) as connection:
        tables = connection.execute(
            "select nspname as schema, relname as name from pg_class inner join pg_namespace on"
            " relnamespace = pg_namespace.oid where relkind = 'r' and left(nspname, 3) <> 'pg_'"
            " and nspname <> 'information_schema' order by 1, 2"
        ).fetchall()
        return [
            f"{table['schema']}.{table['name']}"
            for table in tables
            if any(name in _dump(connection, sql.Identifier(table["schema"], table["name"])) for name in NAMES)
        ]


def _dump(connection, table: sql.Identifier) -> str:
    """A table as text, with binaries as what they say."""
    rows = connection.execute(sql.SQL("select * from {}").format(table)).fetchall()
    return "\n".join(
        str(value.decode("latin-1") if isinstance(value, bytes) else value) for row in rows for value in row.values()
    ).lower()


def find_files(directory: Path) -> list[str]:
    """The Parquet and DuckDB files below a directory in which a name of the person stands."""
    parquet = sorted(directory.rglob("*.parquet"))
    found = [str(file) for file in parquet if _is_named(pq.read_table(file).to_pylist())]
    for file in sorted(directory.rglob("*.duckdb")):
        with duckdb.connect(str(file), read_only=True) as database:
            tables = database.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            rows = [database.execute(f"select * from {schema}.{table}").fetchall() for schema, table in tables]
        # As bytes too: what was deleted from a DuckDB file stays in it until its block is used again.
        if _is_named(rows) or _is_named(file.read_bytes().decode("latin-1")):
            found.append(str(file))
    return found


def _is_named(rows: object) -> bool:
    return any(name in str(rows).lower() for name in NAMES)


def find_in_redis(url: str) -> list[str]:
    """The keys of Redis that are named after the person or hold a name."""
    found = []
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter():
            kind = client.type(key)
            readers = {b"string": client.get, b"set": client.smembers, b"zset": lambda k: client.zrange(k, 0, -1)}
            held = client.xrange(key) if kind == b"stream" else readers.get(kind, client.hgetall)(key)
            if any(name in f"{key!r} {held!r}".lower() for name in NAMES):
                found.append(key.decode())
    return found


async def leave() -> UUID:
    """Ana is erased from the application."""
    async with open_resources(get_settings()) as resources, resources.database.writing(PLATFORM) as session:
        return (await erase(session, resources, ANA, requested_by="operator")).id


class History:
    """What was to be seen before and after."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.before = run_pipeline(get_settings())
        self.rebuilt_before = self.rebuild()
        self.found_before = self.find()
        self.ranked_before = read_value(place.warehouse_url, RANKED)
        self.sold_before = read_value(place.warehouse_url, SOLD)
        self.totals_before = read(place.warehouse_url, TOTALS)
        self.clicked_before = self.clicked_people()
        self.orders_before = read_value(
            place.database_url, f"select count(*) from orders where buyer_user_id = '{ANA}'"
        )
        self.erasure_id = asyncio.run(leave())
        self.found_in_application = find_names(place.database_url)
        self.add_waiting()
        self.add_recorded_error()
        with connect(place.database_url) as connection:
            connection.execute("update erasures set requested_at = now() - interval '1 hour'")
            connection.execute(HOLD)
        self.after: RunOutcome = run_pipeline(get_settings())
        self.found_after = self.find()
        self.rebuilt_after = self.rebuild()

    def rebuild(self) -> EngineOutcome:
        """The marts anew with DuckDB, from the lake."""
        settings = get_settings()
        with running_servers(settings) as servers:
            return run_on_duckdb(settings, servers, is_comparing=True)

    def clicked_people(self) -> set[str | None]:
        """Whose clicks count in the lists of Ana and of Eve."""
        clicked = (
            "select clicked_person_id from marts.fct_impressions where receipt_id like 'receipt of %' and is_clicked"
        )
        return {row["clicked_person_id"] for row in read(self.place.warehouse_url, clicked)}

    def find(self) -> dict[str, list[str]]:
        return {
            "application": find_names(self.place.database_url),
            "warehouse": find_names(self.place.warehouse_url),
            "lake": find_files(self.place.data_dir / "lake"),
            "snapshots": find_files(self.place.data_dir / "snapshots"),
            "engines": find_files(self.place.data_dir / "engines"),
            "redis": find_in_redis(self.place.redis_url),
        }

    def add_waiting(self) -> None:
        """An event of a request that was under way, still in the journal; its id beside; a counter named after her."""
        event = server_event("api.requested", {"method": "GET", "route": "/", "status": 200, "duration_ms": 1.0},
                             user_id=ANA, anonymous_id=DEVICE)  # fmt: skip
        with redis.Redis.from_url(self.place.redis_url) as client:
            entry = client.xadd(STREAM, {ROWS_FIELD: encode_rows([ready(event)])})
            client.hset(bucket_keys()[0], ready(event).id, entry)
            client.set(f"limits:user:{ANA}", 1)

    def add_recorded_error(self) -> None:
        """A run that said whose row it stumbled over."""
        with DagsterInstance.from_config(str(self.place.data_dir / "dagster")) as instance:
            run_id = self.before.run_id
            instance.report_engine_event(f"Key (email)=({EMAIL}) already exists", job_name="some_job", run_id=run_id)
        self.found_in_records = [
            table for table in find_names(self.place.warehouse_url) if table.startswith("dagster.")
        ]


@pytest.fixture(scope="module")
def history(place: Place) -> Iterator[History]:
    with connect(place.database_url) as connection:
        for statement in PLANT.split(";\n\n"):
            connection.execute(statement.encode())
    lake = place.data_dir / LAKE_DIRECTORY
    archive_events(place.database_url, place.warehouse_url, lake, retention_days=365)
    yield History(place)
    shutil.rmtree(place.data_dir / "lake", ignore_errors=True)


class TestErasure:
    def test_before_it_she_is_everywhere(self, history: History) -> None:
        assert {name: bool(found) for name, found in history.found_before.items()} == {
            "application": True, "warehouse": True, "lake": True, "snapshots": True, "engines": True,
            "redis": False,
        }  # fmt: skip

    def test_both_runs_publish(self, history: History) -> None:
        assert (history.after.failures, history.after.failed_checks) == ([], [])
        assert (history.before.is_successful, history.after.is_successful) == (True, True)

    def test_before_it_an_error_of_a_run_names_her(self, history: History) -> None:
        assert history.found_in_records == ["dagster.event_logs"]

    def test_afterwards_she_is_nowhere(self, history: History) -> None:
        assert history.found_after == {
            "application": [], "warehouse": [], "lake": [], "snapshots": [], "engines": [], "redis": []
        }  # fmt: skip

    def test_it_is_recorded_as_done_without_saying_of_whom(self, history: History) -> None:
        [erasure] = read(history.place.database_url, "select * from erasures")
        assert (erasure["completed_at"] is not None, erasure["user_id"], erasure["emails"], erasure["remaining"]) == (
            True, None, [], [],
        )  # fmt: skip

    def test_her_orders_stay_under_a_user_without_a_name(self, history: History) -> None:
        [tombstone] = read(history.place.database_url, "select * from users where erased_at is not null")
        assert (tombstone["email"], tombstone["external_id"], tombstone["is_active"]) == (None, None, False)
        statement = f"select count(*) from {{}} where buyer_user_id = '{tombstone['id']}'"
        assert read_value(history.place.database_url, statement.format("orders")) == history.orders_before
        assert read_value(history.place.warehouse_url, statement.format("marts.fct_orders")) == history.orders_before

    def test_nobodys_figures_change(self, history: History) -> None:
        assert read(history.place.warehouse_url, TOTALS) == history.totals_before

    def test_clicks_that_counted_for_nobody_still_do_not(self, history: History) -> None:
        assert history.clicked_before == {str(ANA)}
        assert history.clicked_people() == {"erased"}

    def test_duckdb_builds_of_the_lake_without_her_what_is_published(self, history: History) -> None:
        assert history.rebuilt_before.is_successful
        assert history.rebuilt_after.is_successful
        assert history.rebuilt_after.sources.lake_events == 2
        assert history.rebuilt_after.sources.warehouse_events > 2
        assert find_files(history.place.data_dir / "engines") == []

    def test_what_others_wrote_stays_without_her_names(self, history: History) -> None:
        [event] = read(history.place.database_url, "select * from raw_events where event_name = 'note.shared'")
        assert str(event["user_id"]) == BOB
        assert event["properties"] == {"with": "erased", "mail": "erased", "device": "erased", "kept": 7}


class TestRankingHold:
    def test_a_held_prompt_has_no_rank_and_a_reason(self, history: History) -> None:
        assert history.ranked_before
        assert read_value(history.place.warehouse_url, RANKED) == 0
        [exclusion] = read(history.place.warehouse_url, "select * from marts.rank_exclusions")
        assert (exclusion["prompt_id"], exclusion["reason"]) == (HELD, "manipulated_ranking")
        assert exclusion["publication_id"] == history.after.publication_id

    def test_its_sales_count_as_before(self, history: History) -> None:
        assert history.sold_before
        assert read_value(history.place.warehouse_url, SOLD) == history.sold_before
