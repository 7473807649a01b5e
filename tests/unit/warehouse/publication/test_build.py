from datetime import UTC, datetime

from warehouse.publication.build import BuildInputs, changed_raw_tables, made_through

BEFORE = BuildInputs("project", {"raw_app.orders": "2026-03-01 00:00:00+00", "raw_app.refunds": None})


class TestChangedRawTables:
    def test_none_when_nothing_was_loaded(self) -> None:
        assert changed_raw_tables(BEFORE, BEFORE) == []

    def test_those_that_a_load_changed(self) -> None:
        now = BuildInputs("project", {**BEFORE.raw_tables, "raw_app.refunds": "2026-03-02 00:00:00+00"})
        assert changed_raw_tables(now, BEFORE) == ["raw_app.refunds"]

    def test_one_that_was_not_known_though_it_is_empty(self) -> None:
        now = BuildInputs("project", {**BEFORE.raw_tables, "raw_app.payouts": None})
        assert changed_raw_tables(now, BEFORE) == ["raw_app.payouts"]

    def test_all_for_another_project(self) -> None:
        now = BuildInputs("changed project", BEFORE.raw_tables)
        assert changed_raw_tables(now, BEFORE) == ["raw_app.orders", "raw_app.refunds"]

    def test_all_without_a_finished_build(self) -> None:
        assert changed_raw_tables(BEFORE, None) == ["raw_app.orders", "raw_app.refunds"]


class TestMadeThrough:
    def test_newest_load_of_any_table(self) -> None:
        before = BuildInputs("project", {**BEFORE.raw_tables, "raw_app.users": "2026-02-28 23:59:59.5+00"})
        assert made_through(BEFORE, before) == datetime(2026, 3, 1, tzinfo=UTC)

    def test_unknown_where_nothing_was_loaded(self) -> None:
        assert made_through(BEFORE, BuildInputs("project", {"raw_app.refunds": None})) is None

    def test_unknown_for_another_project(self) -> None:
        assert made_through(BuildInputs("changed project", BEFORE.raw_tables), BEFORE) is None

    def test_unknown_without_a_finished_build(self) -> None:
        assert made_through(BEFORE, None) is None
