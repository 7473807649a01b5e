"""Erasing by SQL does what erasing in the lake does, touches nobody else, and says where something is left."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import duckdb
import psycopg
import pytest
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.erasure import Person, erase_warehouse, finish_erasures, read_open
from warehouse.erasure.finishing import find_people, retire_snapshots
from warehouse.erasure.lake import blank_row
from warehouse.erasure.rows import event_parameters, event_statements
from warehouse.erasure.search import named_in
from warehouse.erasure.sources import Sources, erase_states
from warehouse.snapshot.writing import DUCKDB_FILE

ANA, BOB = str(uuid4()), str(uuid4())
OWN, OTHER = str(uuid4()), str(uuid4())
EMAIL = "ana.o'neil+x@acme.example"
COLUMNS = (
    "source", "event_id", "event_name", "organization_id", "user_id", "anonymous_id", "session_id", "request_id",
    "properties",
)  # fmt: skip
EVENTS: tuple[tuple[Any, ...], ...] = (
    ("api", "1", "prompt.viewed", OWN, ANA, "d", "s", "r", {"dwell_ms": 5, "more": 1}),
    ("api", "2", "order.paid", OWN, ANA, None, None, None, {"order_id": "o", "amount_cents": 5, "currency": "USD"}),
    ("api", "3", "search.performed", OWN, ANA, "d", "s", "r", {"query": EMAIL, "result_count": 0}),
    ("api", "4", "prompt.viewed", None, None, "d", None, None, {}),
    ("api", "5", "prompt.viewed", OTHER, None, "d", "s", None, {"device": "d"}),
    ("api", "6", "note.shared", OWN, BOB, "d", "own", "r", {"device": "d", "with": [ANA], "n": 1.5}),
    ("api", "7", "note.shared", OTHER, BOB, "d", "own", "r", {"device": "d", "mail": f"to {EMAIL.upper()}!"}),
    ("api", f"click of {EMAIL}", "prompt.clicked", OWN, ANA, None, None, None, {"position": 1, "receipt_id": EMAIL}),
    ("api", "9", "results.served", OWN, ANA, "d", "s", "r", {"receipt_id": "r9", "surface": "top", "items": []}),
    ("client:x", "10", "prompt.clicked", OWN, ANA, "d", "s", "r", {"receipt_id": 9, "position": 1}),
    ("client:x", f"about {ANA}", "note.shared", OTHER, BOB, None, None, None, {}),
    ("api", "8", "prompt.viewed", OTHER, BOB, "x", "y", "z", {"text": f"1{ANA}", "mail": f"x{EMAIL}"}),
)


@pytest.fixture
def person(database_url: str) -> Person:
    """Somebody on the work list, seen on a device called `d` in a visit called `s`."""
    with connect(database_url) as connection:
        connection.execute("delete from erasures")
        connection.execute("insert into organizations (id, name) values (%s, 'O') on conflict do nothing", [OWN])
        connection.execute(
            "insert into erasures (organization_id, requested_by, user_id, emails, anonymous_ids, session_ids)"
            " values (%s, 'self', %s, %s, '{d}', '{s}')",
            [OWN, ANA, [EMAIL]],
        )
    with connect(database_url) as connection:
        [found] = read_open(connection, settle_seconds=0)
    return found


@pytest.fixture
def events(warehouse_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    """The events in the warehouse, as they were sent."""
    with connect(warehouse_url) as connection:
        connection.execute("truncate raw_events.events")
        with connection.cursor() as cursor:
            cursor.executemany(
                f"insert into raw_events.events ({', '.join(COLUMNS)}, received_at, _loaded_at)"
                f" values ({', '.join(['%s'] * len(COLUMNS))}, '2026-01-01', '2026-01-01')",
                [(*event[:-1], json.dumps(event[-1])) for event in EVENTS],
            )
        connection.commit()
        yield connection


def read_events(connection: psycopg.Connection[DictRow]) -> list[dict[str, Any]]:
    """The events, in an order that doesn't depend on what was erased of them."""
    statement = f"select {', '.join(COLUMNS)} from raw_events.events"
    return sorted(connection.execute(statement.encode()).fetchall(), key=str)


class TestEvents:
    def test_sql_leaves_what_the_lake_leaves(self, person: Person, events: psycopg.Connection[DictRow]):
        rows = (dict(zip(COLUMNS, event, strict=True)) for event in EVENTS)
        blanked = [blank_row({**row, "properties": json.dumps(row["properties"])}, person) for row in rows]
        for statement in event_statements("raw_events.events"):
            events.execute(statement.encode(), event_parameters(person))
        expected = [{**row, "properties": json.loads(row["properties"])} for row in blanked]
        assert read_events(events) == sorted(expected, key=str)

    def test_twice_is_once(self, person: Person, warehouse_url: str, events: psycopg.Connection[DictRow]):
        erase_warehouse(warehouse_url, [person])
        once = read_events(events)
        events.commit()
        erase_warehouse(warehouse_url, [person])
        assert read_events(events) == once

    def test_only_what_changed_is_computed_anew(
        self, person: Person, warehouse_url: str, events: psycopg.Connection[DictRow]
    ):
        erase_warehouse(warehouse_url, [person])
        kept = events.execute("select event_id from raw_events.events where _loaded_at = '2026-01-01' order by 1")
        assert [row["event_id"] for row in kept] == ["5", "8"]

    def test_no_later_load_has_an_earlier_stamp_though_the_clock_is_set_back(
        self, person: Person, warehouse_url: str, events: psycopg.Connection[DictRow]
    ):
        events.execute(
            "insert into control.load_watermarks values ('raw_events.events', 'one', 0, '2026-01-01')"
            " on conflict (table_name) do update set loaded_at = '2026-01-01'"
        )
        events.commit()
        erase_warehouse(warehouse_url, [person])
        kept = "select loaded_at from control.load_watermarks where table_name = 'raw_events.events'"
        stamped = "select max(_loaded_at) as loaded_at from raw_events.events"
        assert events.execute(kept).fetchone() == events.execute(stamped).fetchone()


class TestSettling:
    def test_an_erasure_waits_for_requests_that_are_under_way(self, person: Person, database_url: str):
        with connect(database_url) as connection:
            assert read_open(connection) == []


class TestWhatPeopleWrote:
    def test_reviews_and_terms_go_with_the_person(self, person: Person, warehouse_url: str):
        with connect(warehouse_url) as connection:
            connection.execute(
                """
                insert into raw_app.reviews (review_id, user_id, rating, _loaded_at)
                values ('theirs', %(user)s, 1, now()), ('other', 'somebody', 1, now());
                create schema if not exists marts_build;
                create table marts_build.fct_reviews (review_id text);
                insert into marts_build.fct_reviews values ('theirs'), ('other');
                create table marts_build.agg_search_terms_daily (search_term text unique);
                insert into marts_build.agg_search_terms_daily values (%(mail)s), ('of ' || %(mail)s), ('essay');
                """.replace("%(user)s", f"'{person.user_id}'").replace("%(mail)s", "'" + EMAIL.replace("'", "''") + "'")
            )
        erase_warehouse(warehouse_url, [person])
        with connect(warehouse_url) as connection:
            left = {
                table: [tuple(row.values()) for row in connection.execute(f"select {column} from {table}".encode())]
                for table, column in (
                    ("raw_app.reviews", "review_id"),
                    ("marts_build.fct_reviews", "review_id"),
                    ("marts_build.agg_search_terms_daily", "search_term"),
                )
            }
            connection.execute("drop table marts_build.fct_reviews, marts_build.agg_search_terms_daily")
            connection.execute("truncate raw_app.reviews")
        assert list(left.values()) == [[("other",)], [("other",)], [("essay",)]]


class TestFinishErasures:
    def test_says_where_something_is_left_and_tries_again(
        self, person: Person, database_url: str, warehouse_url: str, tmp_path: Path
    ):
        with connect(database_url) as connection:
            connection.execute("update organizations set name = %s where id = %s", [f"Firm of {EMAIL}", OWN])
        report = finish_erasures(database_url, warehouse_url, tmp_path, [person])
        places = ["public.organization_states", "public.organizations"]
        assert (report.completed, report.remaining) == (0, {str(person.erasure_id): places})
        with connect(database_url) as connection:
            [row] = connection.execute("select completed_at, remaining from erasures").fetchall()
            connection.execute("update organizations set name = 'Firm' where id = %s", [OWN])
            # What it was called is nobody's to change any more.
            erase_states(Sources(connection, database_url, warehouse_url, "", tmp_path), person)
            names = connection.execute("select name from organization_states order by number desc limit 2").fetchall()
        assert row == {"completed_at": None, "remaining": places}
        assert [state["name"] for state in names] == ["Firm", "Firm of erased"]
        assert finish_erasures(database_url, warehouse_url, tmp_path, [person]).completed == 1

    @pytest.mark.parametrize(
        "raw", [f"\xff{EMAIL}\xff", f'{{"mail": "{EMAIL}"}}', "für anä@acme.example", r"an\u00e4@acme.example"]
    )
    def test_binaries_are_looked_into(
        self, person: Person, database_url: str, warehouse_url: str, tmp_path: Path, raw: str
    ):
        person = replace(person, emails=(EMAIL, "anä@acme.example"))
        with connect(database_url) as connection:
            connection.execute(
                "insert into quarantine (kind, origin, fingerprint, byte_count, raw, reason, detail)"
                " values ('events', 'api', '\\x01', 1, convert_to(%s, 'UTF8'), 'x', 'x')",
                [raw],
            )
        report = finish_erasures(database_url, warehouse_url, tmp_path, [person])
        with connect(database_url) as connection:
            connection.execute("delete from quarantine")
        assert report.remaining == {str(person.erasure_id): ["public.quarantine"]}


class TestSeveralPeople:
    @pytest.fixture
    def people(self, person: Person) -> list[Person]:
        others = [replace(person, erasure_id=uuid4(), user_id=uuid4(), emails=(f"{n}@x.example",)) for n in "abc"]
        return [person, *others]

    def test_each_is_told_where_that_one_is_left(self, people: list[Person], warehouse_url: str):
        with connect(warehouse_url) as connection:
            connection.execute("create table notes (text text, bytes bytea)")
            connection.execute("insert into notes values ('to a@x.example and B@X.example'), (%s), (null)", [EMAIL])
            connection.execute("insert into notes values (null, 'from c@x.example')")
            found = [(people.index(who), table) for who, table in find_people(connection, people)]
            connection.rollback()
        assert found == [(number, "public.notes") for number in range(4)]

    def test_all_are_erased_and_each_table_is_searched_once(
        self, people: list[Person], warehouse_url: str, monkeypatch: pytest.MonkeyPatch
    ):
        searched: list[str] = []

        def search(connection: Any, table: Any, texts: Any, wanted: Any) -> Any:
            searched.append(table.as_string(connection))
            return named_in(connection, table, texts, wanted)

        monkeypatch.setattr("warehouse.erasure.tables.named_in", search)
        with connect(warehouse_url, autocommit=True) as connection:
            connection.execute("create table notes (text text)")
            connection.execute("insert into notes values ('to a@x.example and b@x.example'), ('c@x.example')")
            erase_warehouse(warehouse_url, people)
            left = connection.execute("select text from notes order by text").fetchall()
            connection.execute("drop table notes")
        assert [row["text"] for row in left] == ["to erased and erased", None]
        assert len(searched) == len(set(searched))
        assert '"public"."notes"' in searched


class TestRetireSnapshots:
    def test_only_older_ones_with_the_person_go(self, person: Person, tmp_path: Path):
        for name, user_id in (("1", ANA), ("2", BOB), ("3", ANA)):
            (tmp_path / name).mkdir()
            with duckdb.connect(str(tmp_path / name / DUCKDB_FILE)) as database:
                database.execute("create schema marts")
                database.execute(f"create table marts.fct_orders as select '{UUID(user_id)}' as buyer_user_id")
        (tmp_path / "latest").symlink_to("3")
        assert retire_snapshots(tmp_path, [person]) == ["1"]
        assert sorted(path.name for path in tmp_path.glob("[0-9]")) == ["2", "3"]

    def test_so_do_those_that_hold_an_address_with_an_apostrophe_inside_a_text(self, person: Person, tmp_path: Path):
        assert "'" in EMAIL
        for name, text in (("1", f"to {EMAIL}!"), ("2", "to nobody!"), ("3", "")):
            (tmp_path / name).mkdir()
            with duckdb.connect(str(tmp_path / name / DUCKDB_FILE)) as database:
                database.execute("create schema marts")
                database.execute("create table marts.agg_search_terms_daily as select ? as search_term", [text])
        (tmp_path / "latest").symlink_to("3")
        assert retire_snapshots(tmp_path, [person]) == ["1"]

    def test_so_do_those_that_knew_only_the_device_that_was_theirs(self, person: Person, tmp_path: Path):
        for name, device in (("1", "anonymous:d"), ("2", "anonymous:b"), ("3", "anonymous:d")):
            (tmp_path / name).mkdir()
            with duckdb.connect(str(tmp_path / name / DUCKDB_FILE)) as database:
                database.execute("create schema marts")
                database.execute(f"create table marts.fct_searches as select '{device}' as person_id")
        (tmp_path / "latest").symlink_to("3")
        assert retire_snapshots(tmp_path, [person]) == ["1"]
