"""One read is one transaction over one publication."""

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from tests.integration.warehouse.marts.hand_made import add_prompt, add_seller_day, create_marts, publish
from warehouse.databases import connect
from warehouse.marts import MartsConnections, MartsUnavailable, read_marts
from warehouse.settings import with_database

EVER = {"date_from": date(2000, 1, 1), "date_to": date(2100, 1, 1)}


@pytest.fixture
def marts_url(warehouse_url: str) -> str:
    create_marts(warehouse_url)
    with connect(warehouse_url) as connection:
        publish(connection, "first")
        add_prompt(connection, "prompt-a", seller="acme", title="First title")
        add_seller_day(connection, "acme", date(2026, 3, 1), orders=1, gross="1.00")
    return warehouse_url


@pytest.fixture
def connections(marts_url: str) -> Iterator[MartsConnections]:
    kept = MartsConnections(marts_url)
    yield kept
    kept.close()


def republish(url: str) -> None:
    with connect(url) as connection:
        publish(connection, "second")
        connection.execute("update marts.dim_prompts set title = 'Second title'")


def sessions(url: str) -> set[int]:
    """Backends of readers, seen from a session that is not one of them."""
    with connect(url) as connection:
        query = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        return {row["pid"] for row in connection.execute(query)}


class TestReadMarts:
    def test_everything_in_one_read_is_of_one_publication(self, marts_url: str) -> None:
        with read_marts(marts_url) as marts:
            republish(marts_url)
            prompt = marts.prompt("prompt-a")
            assert marts.publication is not None
            assert prompt is not None
            assert (marts.publication.publication_id, prompt.title) == ("first", "First title")

    def test_the_next_read_sees_the_next_publication(self, connections: MartsConnections, marts_url: str) -> None:
        with read_marts(connections) as marts:
            assert marts.publication is not None
        republish(marts_url)
        with read_marts(connections) as marts:
            prompt = marts.prompt("prompt-a")
            assert marts.publication is not None
            assert prompt is not None
            assert (marts.publication.publication_id, prompt.title) == ("second", "Second title")

    def test_a_read_can_not_write(self, marts_url: str) -> None:
        with read_marts(marts_url) as marts, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            marts._rows(dict, "delete from marts.dim_prompts returning prompt_id", {})


class TestNothingPublished:
    def test_without_schema_reads_are_empty(self, warehouse_url: str) -> None:
        with connect(warehouse_url) as connection:
            connection.execute("drop schema if exists marts cascade")
        with read_marts(warehouse_url) as marts:
            assert marts.publication is None
            assert marts.ranking("top") == []
            assert marts.prompt("prompt-a") is None
            assert marts.seller_prompts("acme", **EVER) == []

    def test_without_a_finished_publication_reads_are_empty(self, warehouse_url: str) -> None:
        create_marts(warehouse_url)
        with connect(warehouse_url) as connection:
            add_seller_day(connection, "acme", date(2026, 3, 1), orders=1, gross="1.00")
        with read_marts(warehouse_url) as marts:
            assert marts.publication is None
            assert marts.seller_performance("acme", **EVER) == []

    def test_without_database_reads_are_empty(self, warehouse_url: str) -> None:
        with read_marts(with_database(warehouse_url, "never_created")) as marts:
            assert marts.publication is None

    def test_kept_connections_see_the_first_publication(self, warehouse_url: str) -> None:
        with connect(warehouse_url) as connection:
            connection.execute("drop schema if exists marts cascade")
        kept = MartsConnections(warehouse_url)
        with read_marts(kept) as marts:
            assert marts.publication is None
        create_marts(warehouse_url)
        with connect(warehouse_url) as connection:
            publish(connection, "first")
        with read_marts(kept) as marts:
            assert marts.publication is not None
        kept.close()


class TestMartsConnections:
    def test_a_finished_read_leaves_its_connection_to_the_next(
        self, connections: MartsConnections, marts_url: str
    ) -> None:
        with read_marts(connections):
            before = sessions(marts_url)
        with read_marts(connections):
            assert sessions(marts_url) == before

    def test_a_failed_read_does_not_spoil_the_next(self, connections: MartsConnections) -> None:
        with pytest.raises(psycopg.errors.UndefinedTable), read_marts(connections) as marts:
            marts._rows(dict, "select 1 from marts.missing", {})
        with read_marts(connections) as marts:
            assert len(marts.seller_performance("acme", **EVER)) == 1

    def test_a_connection_the_server_ended_is_replaced(self, connections: MartsConnections, marts_url: str) -> None:
        with read_marts(connections):
            pass
        with connect(marts_url) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        with read_marts(connections) as marts:
            assert marts.publication is not None

    def test_a_server_that_is_not_there_is_named_as_the_reason(self) -> None:
        with pytest.raises(MartsUnavailable, match="The warehouse can't be read"):
            read_marts("postgresql://postgres@/any?host=%2Fnowhere").__enter__()


class TestStatementSeconds:
    def test_what_takes_longer_is_stopped_and_the_next_read_is_answered(self, marts_url: str) -> None:
        kept = MartsConnections(marts_url, statement_seconds=0.2)
        with pytest.raises(MartsUnavailable, match="statement timeout"), kept.read() as marts:
            marts._connection.execute("select pg_sleep(60)")
        with kept.read() as marts:
            assert marts.publication is not None
        kept.close()
