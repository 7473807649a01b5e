"""`manage.py pipeline publications` and `restore` over real runs."""

import json

import duckdb
import pytest
from click.testing import CliRunner, Result

from cli.commands.pipeline import pipeline
from orchestration.lock import hold_pipeline_lock
from orchestration.outcome import RunOutcome
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import FIRST_DAY, add_orders, read, read_value
from tests.integration.orchestration.running import RANKS, run
from warehouse.databases import connect
from warehouse.marts import read_marts
from warehouse.snapshot.restoring import restore_publication

Views = tuple[tuple[object, ...], tuple[object, ...]]
HOLD = """
insert into decisions (kind, organization_id, prompt_id, reason, ground, rule, facts, detected_by)
select 'ranking_hold', seller_organization_id, id, 'other', 'terms', 'Terms, 4', 'Seen', 'notice'
from prompts where id = (select min(id::text) from prompts where status = 'published')::uuid
returning prompt_id::text as prompt_id
"""
ORDERS = "select order_id, gross_amount from marts.fct_orders order by 1"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(pipeline, list(arguments))


def seen(place: Place) -> tuple[object, ...]:
    """What readers see: the publication's name, the orders, the ranks, and the orders of the analysts' snapshot."""
    with read_marts(place.warehouse_url) as marts:
        assert marts.publication is not None
        publication_id = marts.publication.publication_id
    with duckdb.connect(str(place.data_dir / "snapshots" / "latest.duckdb"), read_only=True) as database:
        in_snapshot = database.execute(ORDERS).fetchall()
    return publication_id, read(place.warehouse_url, ORDERS), read(place.warehouse_url, RANKS), in_snapshot


@pytest.fixture(scope="module")
def views(place: Place, first_run: RunOutcome) -> Views:
    """What readers saw after a run, and after one that brought further orders and with them other ranks."""
    first = seen(place)
    add_orders(place.database_url, prefix="late-", paid_at=FIRST_DAY, prompt=3, count=40)
    assert run().is_successful
    return first, seen(place)


def killed_entries(place: Place) -> list[dict[str, object]]:
    return read(place.database_url, "select * from audit_log where new_value ->> 'restored_by' = 'killed'")


class TestRestore:
    def test_readers_see_the_earlier_publication_and_after_the_next_run_the_present(
        self, place: Place, views: Views
    ) -> None:
        first, second = views
        assert first[1:] != second[1:]
        result = call("restore", str(first[0]))
        assert (result.exit_code, seen(place)) == (0, first)
        assert f"Publication {first[0]} is the current one again; it was {second[0]}" in result.output
        assert run().is_successful
        _, orders, _, in_snapshot = seen(place)
        assert (orders, in_snapshot) == (second[1], second[3])

    def test_is_noted_in_the_audit_log(self, place: Place, views: Views) -> None:
        before = read_value(place.database_url, "select count(*) from audit_log where object_type = 'publication'")
        replaced = seen(place)[0]
        call("restore", str(views[0][0]))
        *_, noted = read(
            place.database_url,
            "select action, object_id, old_value, new_value from audit_log where object_type = 'publication'"
            " order by occurred_at",
        )
        assert (noted["action"], noted["object_id"]) == ("publication.restored", views[0][0])
        assert noted["old_value"] == {"publication_id": replaced}
        assert set(noted["new_value"]) == {"restored_by"}
        # The same again changes nothing, and is nothing to note.
        call("restore", str(views[0][0]))
        after = read_value(place.database_url, "select count(*) from audit_log where object_type = 'publication'")
        assert (before, after) == (int(str(before)), int(str(before)) + 1)

    def test_one_that_was_killed_before_is_noted_as_the_next_run_begins(self, place: Place, views: Views) -> None:
        directory = place.data_dir / "snapshots"
        current = seen(place)[0]
        target = next(str(view[0]) for view in views if view[0] != current)
        # All that `restore` does before it writes to the other database.
        restore_publication(place.warehouse_url, directory, target, restored_by="killed")
        assert killed_entries(place) == []
        assert run().is_successful
        [entry] = killed_entries(place)
        [restoration] = read(
            place.warehouse_url,
            "select * from control.restorations where restored_by = 'killed' order by 1 desc limit 1",
        )
        assert (entry["object_id"], entry["occurred_at"]) == (target, restoration["restored_at"])

    def test_a_hold_that_came_later_goes_on(self, place: Place, views: Views) -> None:
        call("restore", str(views[1][0]))
        with connect(place.database_url, autocommit=True) as connection:
            [held] = connection.execute(HOLD).fetchall()
            assert any(row["prompt_id"] == held["prompt_id"] for row in read(place.warehouse_url, RANKS))
            assert call("restore", str(views[0][0])).exit_code == 0
        assert not any(row["prompt_id"] == held["prompt_id"] for row in read(place.warehouse_url, RANKS))

    def test_one_that_is_not_there_ends_with_status_1_and_a_sentence(self, views: Views) -> None:
        result = call("restore", "20200101T000000000000Z-00000000")
        assert result.exit_code == 1
        assert result.output.startswith("Error: There is no publication 20200101T000000000000Z-00000000")

    def test_waits_for_no_run_that_is_at_work(self, place: Place, views: Views) -> None:
        before = seen(place)
        with hold_pipeline_lock(place.warehouse_url):
            result = call("restore", str(views[1][0]))
        assert result.exit_code == 1
        assert "Another pipeline run is at work on this warehouse" in result.output
        assert seen(place) == before


class TestPublications:
    def test_lists_the_newest_first_with_what_is_kept(self, place: Place, views: Views) -> None:
        listed = json.loads(call("publications", "--json").output)
        assert [each["publication_id"] for each in listed[-2:]] == [views[1][0], views[0][0]]
        assert all(each["is_kept"] and each["kept_bytes"] > 0 for each in listed)
        [current] = [each for each in listed if each["status"] == "current"]
        assert current["publication_id"] == seen(place)[0]

    def test_says_the_same_in_lines(self, views: Views) -> None:
        [line] = call("publications", "--limit", "1").output.splitlines()
        assert "kept, " in line and "published 20" in line
