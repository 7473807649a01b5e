"""The audit log's entries of restorations: none is lost, and none comes twice."""

from collections.abc import Iterator

import psycopg
import pytest

from warehouse.databases import connect
from warehouse.snapshot import restoration
from warehouse.snapshot.restoration import RESTORATIONS_TABLE, note_restorations, record_restoration

ENTRIES = "select object_id, old_value, new_value, occurred_at from audit_log order by occurred_at"


@pytest.fixture(autouse=True)
def clean(database_url: str, warehouse_url: str) -> Iterator[None]:
    with connect(warehouse_url) as warehouse:
        warehouse.execute("create schema if not exists control")
        warehouse.execute("drop table if exists control.restorations")
    yield
    with connect(database_url) as application:
        application.execute("set local session_replication_role = replica")
        application.execute("delete from audit_log")


def restore(warehouse_url: str, publication_id: str = "p1") -> None:
    with connect(warehouse_url) as warehouse:
        record_restoration(warehouse, publication_id, replaced="p2", restored_by="ana")


def entries(database_url: str) -> list[dict[str, object]]:
    with connect(database_url) as application:
        return application.execute(ENTRIES).fetchall()


class TestNoteRestorations:
    def test_each_is_noted_once_with_its_own_time(self, database_url: str, warehouse_url: str):
        assert note_restorations(database_url, warehouse_url) == 0
        restore(warehouse_url, "p1")
        restore(warehouse_url, "p3")
        assert [note_restorations(database_url, warehouse_url) for _ in range(2)] == [2, 0]
        with connect(warehouse_url) as warehouse:
            times = [row["restored_at"] for row in warehouse.execute("select * from control.restorations order by 1")]
        assert entries(database_url) == [
            {
                "object_id": publication_id,
                "old_value": {"publication_id": "p2"},
                "new_value": {"restored_by": "ana"},
                "occurred_at": restored_at,
            }
            for publication_id, restored_at in zip(("p1", "p3"), times, strict=True)
        ]

    def test_one_killed_between_the_databases_is_followed_by_the_next(
        self, database_url: str, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
    ):
        restore(warehouse_url)
        opened: list[psycopg.Connection[dict[str, object]]] = []

        def connect_and_die(url: str) -> psycopg.Connection[dict[str, object]]:
            # The warehouse's connection is lost once the entry is written.
            opened.append(connect(url))
            if url == database_url:
                opened[0].close()
            return opened[-1]

        with monkeypatch.context() as patched:
            patched.setattr(restoration, "connect", connect_and_die)
            with pytest.raises(psycopg.OperationalError):
                note_restorations(database_url, warehouse_url)
        assert len(entries(database_url)) == 1
        assert note_restorations(database_url, warehouse_url) == 1
        assert len(entries(database_url)) == 1

    def test_those_of_earlier_versions_were_noted(self, database_url: str, warehouse_url: str):
        with connect(warehouse_url) as warehouse:
            warehouse.execute(RESTORATIONS_TABLE)
            warehouse.execute("alter table control.restorations drop column entry_id, drop column noted_at")
            warehouse.execute(
                "insert into control.restorations (publication_id, replaced_publication_id, restored_by)"
                " values ('p1', 'p2', 'ana')"
            )
        assert note_restorations(database_url, warehouse_url) == 0
        restore(warehouse_url, "p3")
        assert note_restorations(database_url, warehouse_url) == 1
        assert [entry["object_id"] for entry in entries(database_url)] == ["p3"]
