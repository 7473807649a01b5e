"""Erasing one person leaves the data of others whose addresses hold the person's."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import duckdb
import pytest

from warehouse.databases import connect
from warehouse.erasure import Person, Sources, erase_warehouse, finish_erasures, read_open
from warehouse.erasure.finishing import retire_snapshots
from warehouse.erasure.naming import SPELLED_OUT_MAX, forms_of, python_pattern, text_pattern
from warehouse.erasure.sources import erase_events, erase_inboxes
from warehouse.snapshot.writing import DUCKDB_FILE

BOB = "bob@company.com"
USER, INVITED, LEAVING = "bob@company.com.au", "mary-bob@company.com", "o'x+bob@company.com.nz"
OTHERS = (USER, INVITED, LEAVING)
OWN, OTHER = str(uuid4()), str(uuid4())
# What is deleted when it names the person, and what is masked; a table of each row with a text in it.
PLANT = """
insert into outbox (kind, payload, given_up_at)
values ('mail.password_reset', jsonb_build_object('email', {text}), now());
insert into quarantine (kind, origin, fingerprint, byte_count, raw, reason, detail)
values ('events', 'api', sha256(convert_to({text}, 'UTF8')), 1, convert_to({text}, 'UTF8'), 'x', {text});
insert into idempotency_keys (caller, key, fingerprint, claim_id, claimed_until, expires_at, answer_body)
values ('key', md5({text}), decode(repeat('00', 32), 'hex'), gen_random_uuid(), now(), now(),
    convert_to({text}, 'UTF8'));
insert into webhook_inbox (source, external_id, event_type, body, payload, handled_at)
values ('stripe', md5({text}), 'x', convert_to({text}, 'UTF8'), jsonb_build_object('email', {text}), now());
insert into raw_events (source, event_id, event_name, schema_version, occurred_at, received_at, properties, batch_id)
values ('api', 'of ' || {text}, 'note.shared', 1, now(), now(), jsonb_build_object('text', {text}), 2000)
"""
TABLES = ("outbox", "quarantine", "idempotency_keys", "webhook_inbox", "raw_events")


def plant(connection: Any, text: str) -> None:
    """Put a text into every store of the application database."""
    literal = "'" + text.replace("'", "''") + "'::text"
    for statement in PLANT.format(text=literal).split(";\n"):
        connection.execute(statement.encode())


def stored(connection: Any) -> dict[str, list[str]]:
    """The rows of every store, as texts."""
    rows = "select to_jsonb(whole) - 'changed_xid' as row from {} as whole order by 1"
    return {
        table: [json.dumps(row["row"]) for row in connection.execute(rows.format(table).encode())] for table in TABLES
    }


@pytest.fixture(scope="module")
def person(database_url: str) -> Person:
    """Bob, on the work list beside somebody else; another is a user, and a third is invited."""
    with connect(database_url) as connection:
        connection.execute("insert into organizations (id, name) values (%s, 'O'), (%s, 'P')", [OWN, OTHER])
        connection.execute(
            "insert into users (organization_id, role, email) values (%s, 'buyer', %s), (%s, 'buyer', 'b@company.com')",
            [OTHER, USER, OTHER],
        )
        connection.execute(
            "insert into invitations (organization_id, email, role, expires_at) values (%s, %s, 'buyer', now())",
            [OTHER, INVITED],
        )
        connection.execute(
            "insert into erasures (organization_id, requested_by, user_id, emails, unverified_emails, requested_at)"
            " values (%s, 'self', %s, %s, '{}', '2020-01-01'), (%s, 'self', %s, '{}', %s, '2020-01-02')",
            [OWN, uuid4(), [BOB], OTHER, uuid4(), [LEAVING]],
        )
    with connect(database_url) as connection:
        return read_open(connection)[0]


class TestOthers:
    def test_are_users_invited_and_leaving_people_whose_addresses_hold_the_persons(self, person: Person):
        assert (person.emails, sorted(person.others)) == ((BOB,), sorted(OTHERS))

    @pytest.mark.parametrize("is_crowded", [False, True])
    def test_both_databases_read_the_pattern_as_python_does(self, database_url: str, is_crowded: bool):
        crowd = [f"{number}-{BOB}.{number}" for number in range(SPELLED_OUT_MAX + is_crowded - len(OTHERS))]
        pattern = text_pattern([BOB], [*OTHERS, *crowd])
        forms = [form for word in (BOB, *OTHERS, *crowd[:3]) for form in forms_of(word)]
        texts = [
            text
            for form in forms
            for text in (
                form, form.upper(), f"x-{form}-x", f"joe{form}", f"{form}m", f"{form}.br", f"%22{form}%22",
                f"%2B{form}", json.dumps(f"Hi\n{form}"), json.dumps(f"\u0080{form}\\"), json.dumps(f"\\n{form}"),
                f"({form})({form})",
            )
        ]  # fmt: skip
        with connect(database_url) as connection:
            rows = connection.execute(
                "select regexp_replace(text, %s, 'erased', 'gi') as left, text ~* %s as is_found"
                " from unnest(%s::text[]) with ordinality as texts (text, number) order by number",
                [pattern, pattern, texts],
            ).fetchall()
        compiled = python_pattern(pattern)
        assert [row["left"] for row in rows] == [compiled.sub("erased", text) for text in texts]
        assert [row["is_found"] for row in rows] == [bool(compiled.search(text)) for text in texts]
        assert {True, False} == {row["is_found"] for row in rows}

    def test_nothing_of_theirs_changes_and_the_person_is_gone(
        self, person: Person, database_url: str, warehouse_url: str, tmp_path: Path
    ):
        with connect(database_url, autocommit=True) as connection, connect(warehouse_url) as warehouse:
            connection.execute("select make_event_day(now()::date)")
            for other in OTHERS:
                for text in dict.fromkeys([other, f"To: <{other.upper()}>", forms_of(other)[-2], *forms_of(other)]):
                    plant(connection, text)
            before = stored(connection)
            plant(connection, f"x-{BOB}-x")
            insert = (
                "insert into raw_events.events (source, event_id, event_name, received_at, properties, _loaded_at)"
                " values ('api', %s, 'note.shared', now(), jsonb_build_object('text', %s::text), now())"
            )
            for text in (*OTHERS, f"x-{BOB}-x"):
                warehouse.execute(insert.encode(), [text, text])
            warehouse.commit()
            sources = Sources(connection, database_url, warehouse_url, "", tmp_path)
            erase_events(sources, person)
            erase_inboxes(sources, person)
            erase_warehouse(warehouse_url, [person])
            after = stored(connection)
            found = warehouse.execute("select properties ->> 'text' as text from raw_events.events").fetchall()
        for table in TABLES:
            assert set(before[table]) <= set(after[table])
        # Masked, or deleted.
        new = [row for table in TABLES for row in after[table] if row not in before[table]]
        assert len(new) == 2
        assert all(BOB not in row for row in new)
        assert sorted(row["text"] for row in found) == sorted([*OTHERS, "x-erased-x"])
        report = finish_erasures(database_url, warehouse_url, tmp_path, [person])
        assert (report.completed, report.remaining) == (1, {})


class TestRetireSnapshots:
    def test_one_with_somebody_elses_address_stays(self, tmp_path: Path):
        person = Person(uuid4(), UUID(int=7), None, uuid4(), (BOB,), others=OTHERS)
        for name, text in (("1", f"to {USER}"), ("2", f"to {BOB}!"), ("3", "")):
            (tmp_path / name).mkdir()
            with duckdb.connect(str(tmp_path / name / DUCKDB_FILE)) as database:
                database.execute("create schema marts")
                database.execute("create table marts.agg_search_terms_daily as select ? as search_term", [text])
        (tmp_path / "latest").symlink_to("3")
        assert retire_snapshots(tmp_path, [person]) == ["2"]
