"""What prompts and organizations were is kept, however they are written."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.settings import PROJECT_ROOT

Connection = psycopg.Connection[DictRow]
VERSIONS = PROJECT_ROOT / "api" / "migrations" / "versions"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connect(database_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def prompt(connection: Connection) -> dict[str, Any]:
    row = connection.execute(
        """
        with seller as (insert into organizations (name, created_at) values ('seller', '2026-01-01Z') returning id)
        insert into prompts (seller_organization_id, title, price_cents, currency, created_at)
        select id, 'Essay', 100, 'USD', '2026-02-01Z' from seller
        returning id, seller_organization_id, created_at
        """
    ).fetchone()
    assert row is not None
    return row


def states(connection: Connection, prompt: dict[str, Any], columns: str) -> list[tuple[Any, ...]]:
    rows = connection.execute(
        f"select {columns} from prompt_states where prompt_id = %s order by number".encode(), [prompt["id"]]
    )
    return [tuple(row.values()) for row in rows]


def update(connection: Connection, prompt: dict[str, Any], assignments: str) -> None:
    connection.execute(f"update prompts set {assignments} where id = %s".encode(), [prompt["id"]])


class TestPromptStates:
    def test_the_first_begins_when_the_prompt_was_created(self, connection: Connection, prompt: dict[str, Any]):
        assert states(connection, prompt, "number, title, status, valid_from") == [
            (1, "Essay", "draft", prompt["created_at"])
        ]

    def test_each_change_begins_another(self, connection: Connection, prompt: dict[str, Any]):
        for assignments in ("price_cents = 200", "status = 'published', published_at = now()", "title = 'Essays'"):
            update(connection, prompt, assignments)
        assert states(connection, prompt, "number, title, price_cents, status") == [
            (1, "Essay", 100, "draft"),
            (2, "Essay", 200, "draft"),
            (3, "Essay", 200, "published"),
            (4, "Essays", 200, "published"),
        ]

    def test_it_begins_when_the_row_was_written(self, connection: Connection, prompt: dict[str, Any]):
        update(connection, prompt, "price_cents = 200")
        row = connection.execute("select updated_at from prompts where id = %s", [prompt["id"]]).fetchone()
        assert row is not None
        assert states(connection, prompt, "valid_from")[1] == (row["updated_at"],)

    def test_what_changes_nothing_of_it_begins_none(self, connection: Connection, prompt: dict[str, Any]):
        update(connection, prompt, "price_cents = price_cents, description = 'longer'")
        assert len(states(connection, prompt, "number")) == 1

    def test_a_clock_set_back_makes_none_that_ends_before_it_began(
        self, connection: Connection, prompt: dict[str, Any]
    ):  # fmt: skip
        connection.execute("update prompt_states set valid_from = now() + interval '1 day'")
        update(connection, prompt, "price_cents = 200")
        [(first,), (second,)] = states(connection, prompt, "valid_from")
        assert first == second

    @pytest.mark.parametrize("created_at", ["2025-06-01", "2026-02-20"])
    def test_a_file_that_corrects_the_creation_moves_the_first(
        self, connection: Connection, prompt: dict[str, Any], created_at: str
    ):
        update(connection, prompt, f"created_at = '{created_at}Z'")
        assert states(connection, prompt, "number, valid_from::date::text") == [(1, created_at)]

    def test_but_not_beyond_the_second(self, connection: Connection, prompt: dict[str, Any]):
        update(connection, prompt, "price_cents = 200")
        update(connection, prompt, "created_at = now() + interval '1 day'")
        assert states(connection, prompt, "valid_from")[0] == (prompt["created_at"],)

    def test_they_go_with_a_prompt_that_is_deleted(self, connection: Connection, prompt: dict[str, Any]):
        connection.execute("delete from prompts where id = %s", [prompt["id"]])
        assert states(connection, prompt, "number") == []

    def test_many_rows_of_one_statement_have_one_each(self, connection: Connection, prompt: dict[str, Any]):
        connection.execute(
            "insert into prompts (seller_organization_id, title, price_cents, currency)"
            " select %s, i::text, i, 'USD' from generate_series(1, 50) as i",
            [prompt["seller_organization_id"]],
        )
        connection.execute(
            "update prompts set price_cents = price_cents + 1 where seller_organization_id = %s",
            [prompt["seller_organization_id"]],
        )
        row = connection.execute(
            "select count(*) as states, count(distinct prompt_id) as prompts from prompt_states"
            " where prompt_id in (select id from prompts where seller_organization_id = %s)",
            [prompt["seller_organization_id"]],
        ).fetchone()
        assert row == {"states": 102, "prompts": 51}


class TestOrganizationStates:
    def test_a_new_name_begins_another(self, connection: Connection, prompt: dict[str, Any]):
        seller = prompt["seller_organization_id"]
        connection.execute("update organizations set name = 'sellers' where id = %s", [seller])
        connection.execute("update organizations set attributes = '{\"a\": 1}' where id = %s", [seller])
        rows = connection.execute(
            "select number, name from organization_states where organization_id = %s order by number", [seller]
        )
        assert [tuple(row.values()) for row in rows] == [(1, "seller"), (2, "sellers")]


class TestFirstStates:
    """What the migration takes the past to have been: `0015_first_states.sql`."""

    @pytest.mark.parametrize(
        ("status", "published_at", "expected"),
        [
            ("draft", None, ["draft"]),
            ("published", "2026-02-01", ["published"]),
            ("published", "2026-02-03", ["draft", "published"]),
            ("archived", "2026-02-03", ["draft", "published", "archived"]),
            ("archived", "2026-02-01", ["published", "archived"]),
            ("archived", None, ["archived"]),
        ],
    )
    def test_steps_are_told_from_the_dates_of_the_prompt(
        self, connection: Connection, prompt: dict[str, Any], status: str, published_at: str | None, expected: list[str]
    ):
        moment = f"'{published_at}Z'" if published_at else "null"
        update(connection, prompt, f"status = '{status}', published_at = {moment}")
        connection.execute("delete from prompt_states; delete from organization_states")
        connection.execute((VERSIONS / "0015_first_states.sql").read_bytes())
        found = states(connection, prompt, "number, status, valid_from")
        assert [state[1] for state in found] == expected
        assert [state[0] for state in found] == list(range(1, len(expected) + 1))
        assert [state[2] for state in found] == sorted(state[2] for state in found)
