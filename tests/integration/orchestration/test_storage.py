from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun

from orchestration.home import prepare_dagster_home
from orchestration.storage import RECORDS_SCHEMA, prepare_records
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import read_value
from warehouse.databases import connect
from warehouse.servers import running_servers
from warehouse.settings import get_settings
from warehouse.tenancy import prepare_access
from warehouse.tenancy.access import user_of

END_SESSIONS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


@pytest.fixture
def instance(place: Place, tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(prepare_dagster_home(tmp_path))) as instance:
        yield instance


class TestWarehouseRecords:
    def test_a_run_is_a_row_of_the_warehouse(self, place: Place, instance: DagsterInstance) -> None:
        run = instance.add_run(DagsterRun(job_name="some_job"))
        assert read_value(place.warehouse_url, f"select run_id from {RECORDS_SCHEMA}.runs") == run.run_id

    def test_nothing_is_written_beside_the_configuration(self, instance: DagsterInstance, tmp_path: Path) -> None:
        instance.add_run(DagsterRun(job_name="some_job"))
        assert [path.name for path in (tmp_path / "dagster").rglob("*") if path.is_file()] == ["dagster.yaml"]

    def test_a_kept_connection_that_died_is_replaced(self, place: Place, instance: DagsterInstance) -> None:
        before = instance.get_runs_count()
        with connect(place.warehouse_url, autocommit=True) as connection:
            connection.execute(END_SESSIONS.encode())
        assert instance.get_runs_count() == before

    def test_connections_end_with_the_instance(self, place: Place, tmp_path: Path) -> None:
        count = "select count(*) from pg_stat_activity where datname = current_database()"
        before = read_value(place.warehouse_url, count)
        with DagsterInstance.from_config(str(prepare_dagster_home(tmp_path))) as instance:
            instance.get_runs_count()
            assert read_value(place.warehouse_url, count) != before
        assert read_value(place.warehouse_url, count) == before


class TestPrepareRecords:
    def test_twice_keeps_what_is_there(self, place: Place, instance: DagsterInstance) -> None:
        before = instance.get_runs_count()
        prepare_records(place.warehouse_url)
        assert instance.get_runs_count() == before

    def test_neither_readers_nor_analysts_see_the_records(self, place: Place) -> None:
        prepare_records(place.warehouse_url)
        with running_servers(get_settings()) as servers:
            prepare_access(servers.access, database_url=place.database_url, warehouse_url=place.warehouse_url)
            roles = [user_of(url) for url in (servers.access.marts_url, servers.access.analyst_url)]
        with connect(place.warehouse_url) as connection:
            may_look = connection.execute(
                "select has_schema_privilege(role, %s, 'usage') as allowed from unnest(%s::text[]) as role",
                [RECORDS_SCHEMA, roles],
            ).fetchall()
        assert may_look == [{"allowed": False}, {"allowed": False}]
