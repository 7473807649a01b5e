import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.warehouse import performance_build
from tests.integration.warehouse.build import building, create_build, put_order, put_seller_day, rank, read
from tests.waiting import wait_until
from warehouse.databases import connect
from warehouse.erasure import Person
from warehouse.publication import publish_marts
from warehouse.settings import PROJECT_ROOT
from warehouse.snapshot import take_snapshot
from warehouse.snapshot.restoring import RestoreRefused, list_publications, restore_publication

MARTS = ("fct_orders", "agg_sellers_performance_daily", "rank_prompts", "rank_exclusions")


@dataclass(frozen=True)
class Place:
    """A warehouse with three publications, each with other rows, and their snapshots."""

    url: str
    snapshots: Path
    ids: tuple[str, ...]
    rows: tuple[object, ...]


def published(url: str) -> dict[str, list[object]]:
    return {
        mart: [dict(row) for row in read(url, f"select * from marts.{mart} as mart order by mart")] for mart in MARTS
    }


def publish(url: str, snapshots: Path, *, kept: int = 5) -> str:
    publication_id = publish_marts(url).publication_id
    take_snapshot(url, snapshots, kept=kept)
    return publication_id


def current(url: str) -> object:
    [row] = read(url, "select publication_id from marts.publications where status = 'current'")
    return row["publication_id"]


def latest(snapshots: Path) -> str:
    return (snapshots / "latest").resolve().name


@pytest.fixture
def place(warehouse_url: str, tmp_path: Path) -> Iterator[Place]:
    create_build(warehouse_url)
    ids, rows = [], []
    for run in range(3):
        with building(warehouse_url) as connection:
            # One order stays, one changes, one comes and one goes.
            put_order(connection, "same", run=0)
            put_order(connection, "other", gross=f"0.{run}1", run=run)
            put_order(connection, f"of {run}", run=run)
            connection.execute("delete from marts_build.fct_orders where order_id = %s", [f"of {run - 1}"])
            put_seller_day(connection, "seller", orders=run // 2, run=run // 2)
            rank(connection, ["p1", "p2", "p3"][run:] + ["p1", "p2", "p3"][:run])
        ids.append(publish(warehouse_url, tmp_path))
        rows.append(published(warehouse_url))
    yield Place(warehouse_url, tmp_path, tuple(ids), tuple(rows))


def restore(place: Place, number: int, **options: object) -> object:
    return restore_publication(place.url, place.snapshots, place.ids[number], restored_by="ana", **options)  # type: ignore[arg-type]


class TestRestorePublication:
    @pytest.mark.parametrize("number", [0, 1])
    def test_readers_see_the_rows_that_were_published_then(self, place: Place, number: int) -> None:
        assert place.rows[number] != place.rows[2]
        restore(place, number)
        assert published(place.url) == place.rows[number]

    def test_the_current_publication_and_the_latest_snapshot_are_the_earlier_one(self, place: Place) -> None:
        restore(place, 0)
        assert (current(place.url), latest(place.snapshots)) == (place.ids[0], place.ids[0])

    def test_only_rows_that_differ_are_written(self, place: Place) -> None:
        statement = "select xmin::text as version from marts.fct_orders where order_id = 'same'"
        before = read(place.url, statement)
        restored = restore(place, 1)
        assert read(place.url, statement) == before
        assert restored.changed_rows == {  # type: ignore[attr-defined]
            "agg_sellers_performance_daily": 1,
            "fct_orders": 2,
            "rank_exclusions": 0,
            "rank_prompts": 3,
        }

    def test_a_mart_that_did_not_change_since_is_not_read(self, place: Place) -> None:
        restore(place, 1)
        restored = restore(place, 0)
        assert "agg_sellers_performance_daily" not in restored.changed_rows  # type: ignore[attr-defined]

    def test_what_was_published_meanwhile_can_be_restored_too(self, place: Place) -> None:
        restore(place, 0)
        restore(place, 2)
        assert published(place.url) == place.rows[2]

    def test_the_current_one_changes_nothing(self, place: Place) -> None:
        restored = restore(place, 2)
        assert (restored.is_new, restored.changed_rows) == (False, {})  # type: ignore[attr-defined]
        assert read(place.url, "select to_regclass('control.restorations') is null as none") == [{"none": True}]

    def test_says_who_restored_what(self, place: Place) -> None:
        restore(place, 0)
        statement = "select publication_id, replaced_publication_id, restored_by from control.restorations"
        assert [tuple(row.values()) for row in read(place.url, statement)] == [(place.ids[0], place.ids[2], "ana")]

    def test_nothing_is_left_of_the_staged_rows(self, place: Place) -> None:
        restore(place, 0)
        assert read(place.url, "select nspname from pg_namespace where nspname = 'marts_restored'") == []


class TestNextPublication:
    def test_is_as_if_nothing_had_been_restored(self, place: Place) -> None:
        restore(place, 0)
        publication_id = publish(place.url, place.snapshots)
        now = published(place.url)
        for mart in ("fct_orders", "agg_sellers_performance_daily"):
            assert now[mart] == place.rows[2][mart]  # type: ignore[index]
        assert (current(place.url), latest(place.snapshots)) == (publication_id, publication_id)

    def test_has_a_snapshot_of_its_own_rows(self, place: Place) -> None:
        restore(place, 0)
        publish(place.url, place.snapshots)
        with duckdb.connect(str(place.snapshots / "latest.duckdb"), read_only=True) as database:
            found = database.execute("select order_id from marts.fct_orders order by 1").fetchall()
        assert found == [("of 2",), ("other",), ("same",)]

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=st.lists(st.sampled_from([-1, 0, 1, 2]), min_size=1, max_size=4))
    def test_any_mix_of_restores_and_publications_shows_what_was_published(
        self, place: Place, steps: list[int]
    ) -> None:
        known = dict(zip(place.ids, place.rows, strict=True))
        ids = list(place.ids)
        for step in steps:
            if step >= 0:
                restore_publication(place.url, place.snapshots, ids[step], restored_by="ana")
            else:
                ids.append(publish(place.url, place.snapshots, kept=100))
                built = published(place.url)
                assert built["fct_orders"] == place.rows[2]["fct_orders"]  # type: ignore[index]
                known[ids[-1]] = built
            assert published(place.url) == known[str(current(place.url))]
            assert latest(place.snapshots) == current(place.url)


class TestRestatements:
    def test_are_those_of_the_publication_and_come_once_more_with_the_next(
        self, warehouse_url: str, tmp_path: Path
    ) -> None:
        performance_build.create_build(warehouse_url)
        self.put(warehouse_url, "10.00", run=0)
        first = publish(warehouse_url, tmp_path)
        self.put(warehouse_url, "15.00", run=1)
        publish(warehouse_url, tmp_path)
        noted = self.restated(warehouse_url)
        restore_publication(warehouse_url, tmp_path, first, restored_by="ana")
        between = self.restated(warehouse_url)
        publish(warehouse_url, tmp_path)
        assert (len(noted), between, self.restated(warehouse_url)) == (2, [], noted)

    def put(self, url: str, amount: str, *, run: int) -> None:
        figures = {"order_count": 1, "gross_revenue_amount": amount, "net_revenue_amount": amount}
        with building(url) as connection:
            performance_build.put_day(connection, "essay", figures, run=run)

    def restated(self, url: str) -> list[tuple[object, ...]]:
        statement = "select measure, value_before, value_after, reason from marts.fct_restatements order by 1"
        return [tuple(row.values()) for row in read(url, statement)]


class TestRefused:
    def check(self, place: Place, publication_id: str, match: str, **options: object) -> None:
        with pytest.raises(RestoreRefused, match=match):
            restore_publication(place.url, place.snapshots, publication_id, restored_by="ana", **options)  # type: ignore[arg-type]
        assert (published(place.url), current(place.url)) == (place.rows[2], place.ids[2])

    def test_a_publication_nobody_made(self, place: Place) -> None:
        self.check(place, "20200101T000000000000Z-00000000", "There is no publication 20200101T")

    def test_one_that_is_not_kept_any_more_with_those_that_are(self, place: Place) -> None:
        take_snapshot(place.url, place.snapshots, kept=2)
        self.check(place, place.ids[0], f"not kept any more.*Kept are: {place.ids[2]}, {place.ids[1]}$")

    def test_one_of_other_columns(self, place: Place) -> None:
        with building(place.url) as connection:
            connection.execute("alter table marts.fct_orders add column tip numeric(18, 2)")
        with pytest.raises(RestoreRefused, match=r"another version of the models.*: fct_orders$"):
            restore(place, 0)

    def test_one_that_holds_a_person_who_is_being_erased(self, place: Place) -> None:
        nobody = Person(uuid4(), uuid4(), None, uuid4(), ("nobody@acme.example",))
        buyer = Person(uuid4(), uuid4(), None, uuid4(), ("first",))
        self.check(place, place.ids[0], "holds a person who is being erased", people=[nobody, buyer])
        restore(place, 0, people=[nobody])

    def test_a_damaged_snapshot(self, place: Place) -> None:
        file = place.snapshots / place.ids[0] / "snapshot.duckdb"
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[: 3 * 4096])
        self.check(place, place.ids[0], "could not be read")


class TestListPublications:
    def test_says_what_there_was_and_what_is_kept(self, place: Place) -> None:
        take_snapshot(place.url, place.snapshots, kept=2)
        restore(place, 1)
        found = list_publications(place.url, place.snapshots)
        assert [(each.publication_id, each.status, each.is_kept) for each in found] == [
            (place.ids[2], "superseded", True),
            (place.ids[1], "current", True),
            (place.ids[0], "superseded", False),
        ]
        assert [each.restored_at is not None for each in found] == [False, True, False]


RESTORE = """
import sys
from pathlib import Path
from warehouse.snapshot.restoring import restore_publication
restore_publication(sys.argv[1], Path(sys.argv[2]), sys.argv[3], restored_by="ana")
"""
REACHED = """
select exists (
    select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like %s
) as reached
"""


class TestKilled:
    # The table whose lock holds it up, and the statement it then waits with: before, in the middle, at the end.
    @pytest.mark.parametrize(
        ("table", "statement"),
        [
            ("marts.agg_sellers_performance_daily", "delete from%"),
            ("marts.rank_prompts", "delete from%"),
            ("marts.publications", "update marts.publications%"),
        ],
    )
    def test_leaves_all_as_it_was_and_can_be_done_again(self, place: Place, table: str, statement: str) -> None:
        with connect(place.url) as blocking:
            blocking.execute(f"lock table {table} in share mode".encode())
            process = subprocess.Popen(
                [sys.executable, "-c", RESTORE, place.url, str(place.snapshots), place.ids[0]], cwd=PROJECT_ROOT
            )
            wait_until(lambda: read(place.url, REACHED, statement)[0]["reached"], f"it waits for {table}")
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert (published(place.url), current(place.url)) == (place.rows[2], place.ids[2])
        assert latest(place.snapshots) == place.ids[2]
        restore(place, 0)
        assert (published(place.url), current(place.url)) == (place.rows[0], place.ids[0])
        assert latest(place.snapshots) == place.ids[0]

    def test_between_marts_and_pointer_is_mended_by_the_same_command(self, place: Place) -> None:
        restore(place, 0)
        (place.snapshots / "latest").unlink()
        (place.snapshots / "latest").symlink_to(place.ids[2])
        restore(place, 0)
        assert latest(place.snapshots) == place.ids[0]

    def test_between_marts_and_pointer_is_mended_by_a_restore_that_is_refused(self, place: Place) -> None:
        restore(place, 0)
        (place.snapshots / "latest").unlink()
        (place.snapshots / "latest").symlink_to(place.ids[2])
        with pytest.raises(RestoreRefused):
            restore_publication(place.url, place.snapshots, place.ids[1] + "x", restored_by="ana")
        with pytest.raises(RestoreRefused):
            forgotten = place.snapshots / place.ids[1]
            forgotten.rename(forgotten.with_name("elsewhere"))
            restore(place, 1)
        assert latest(place.snapshots) == place.ids[0]
