import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetSpec,
    Failure,
    JsonMetadataValue,
    MaterializeResult,
)

from orchestration.transformation.events import (
    FAILED_MODELS,
    FAILED_TESTS,
    KEPT,
    UNIQUE_ID,
    TableTranslator,
    as_dagster_events,
    events_of_kept,
    raise_for_failures,
)
from orchestration.transformation.invocation import NodeResult

ORDERS = AssetKey(["marts_build", "fct_orders"])
ASSETS = [AssetSpec(ORDERS, metadata={UNIQUE_ID: "model.shop.fct_orders"})]
CHECKS = [AssetCheckSpec("unique_order_id", asset=ORDERS, metadata={UNIQUE_ID: "test.shop.unique_order_id"})]


def result(unique_id: str, status: str, *, message: str = "", failure_count: int | None = None) -> NodeResult:
    return NodeResult(
        unique_id=unique_id,
        name=unique_id.split(".")[-1],
        status=status,
        message=message,
        seconds=0.5,
        changed_rows=3 if unique_id.startswith("model") else None,
        failure_count=failure_count,
    )


class TestTableTranslator:
    def test_a_model_is_named_after_the_table_it_makes(self) -> None:
        props = {"schema": "marts_build", "alias": "fct_orders", "name": "orders"}
        assert TableTranslator().get_asset_key(props) == ORDERS

    def test_a_source_is_the_raw_table(self) -> None:
        props = {"schema": "raw_app", "identifier": "orders", "name": "orders", "source_name": "app"}
        assert TableTranslator().get_asset_key(props) == AssetKey(["raw_app", "orders"])

    def test_assets_are_grouped_by_schema(self) -> None:
        assert TableTranslator().get_group_name({"schema": "staging"}) == "staging"


class TestAsDagsterEvents:
    def test_a_built_model_is_a_materialization_with_its_rows(self) -> None:
        [event] = as_dagster_events([result("model.shop.fct_orders", "success")], assets=ASSETS, checks=CHECKS)
        assert isinstance(event, MaterializeResult)
        assert event.asset_key == ORDERS
        assert event.metadata == {"seconds": 0.5, "changed_rows": 3}

    def test_a_model_that_broke_is_none(self) -> None:
        assert list(as_dagster_events([result("model.shop.fct_orders", "error")], assets=ASSETS, checks=CHECKS)) == []

    def test_a_failed_test_is_a_failed_check_with_its_rows(self) -> None:
        failed = result("test.shop.unique_order_id", "fail", failure_count=2)
        [event] = as_dagster_events([failed], assets=ASSETS, checks=CHECKS)
        assert isinstance(event, AssetCheckResult)
        assert (event.passed, event.severity, event.check_name) == (False, AssetCheckSeverity.ERROR, "unique_order_id")
        assert event.metadata is not None
        assert event.metadata["failing_rows"].value == 2

    def test_a_warning_does_not_count_as_an_error(self) -> None:
        [event] = as_dagster_events([result("test.shop.unique_order_id", "warn")], assets=ASSETS, checks=CHECKS)
        assert isinstance(event, AssetCheckResult)
        assert event.severity == AssetCheckSeverity.WARN

    def test_a_skipped_test_says_nothing(self) -> None:
        skipped = result("test.shop.unique_order_id", "skipped")
        assert list(as_dagster_events([skipped], assets=ASSETS, checks=CHECKS)) == []

    def test_a_test_of_another_table_is_left_to_raise_for_failures(self) -> None:
        assert list(as_dagster_events([result("test.shop.totals", "pass")], assets=ASSETS, checks=CHECKS)) == []


class TestEventsOfKept:
    AGG = AssetSpec(["marts_build", "agg_orders"], deps=[ORDERS], metadata={UNIQUE_ID: "model.shop.agg_orders"})
    BLOCKING = AssetCheckSpec("total", asset=ORDERS, blocking=True, metadata={UNIQUE_ID: "test.shop.total"})

    def test_what_dbt_did_not_look_at_is_said_to_stand(self) -> None:
        [event] = events_of_kept([], assets=ASSETS, checks=[])
        assert event.asset_key == ORDERS
        assert event.metadata is not None
        assert (event.metadata["changed_rows"], KEPT in event.metadata) == (0, True)

    def test_what_dbt_made_is_none_of_it(self) -> None:
        made = [result("model.shop.fct_orders", "success"), result("test.shop.total", "pass")]
        assert list(events_of_kept(made, assets=ASSETS, checks=[self.BLOCKING])) == []

    def test_nor_is_what_broke_or_was_skipped(self) -> None:
        skipped = [result("model.shop.fct_orders", "skipped"), result("test.shop.total", "skipped")]
        assert list(events_of_kept(skipped, assets=ASSETS, checks=[self.BLOCKING])) == []

    def test_parents_come_first(self) -> None:
        keys = [event.asset_key for event in events_of_kept([], assets=[self.AGG, *ASSETS], checks=[])]
        assert keys == [ORDERS, self.AGG.key]

    def test_a_check_that_would_have_stopped_the_build_passed(self) -> None:
        [event] = events_of_kept([], assets=[], checks=[self.BLOCKING, *CHECKS])
        assert isinstance(event, AssetCheckResult)
        assert (event.check_name, event.passed, KEPT in event.metadata) == ("total", True, True)


class TestRaiseForFailures:
    def test_passes_and_warnings_and_skipped_nodes_raise_nothing(self) -> None:
        raise_for_failures([result("test.shop.a", status) for status in ("pass", "warn", "skipped", "success")])

    def test_every_failed_test_and_model_is_named(self) -> None:
        results = [
            result("test.shop.totals", "fail", failure_count=4),
            result("model.shop.fct_orders", "error", message="column is missing"),
        ]
        with pytest.raises(Failure, match=r"totals found 4 rows; fct_orders \(column is missing\)") as raised:
            raise_for_failures(results)
        assert raised.value.metadata == {
            FAILED_TESTS: JsonMetadataValue(["totals"]),
            FAILED_MODELS: JsonMetadataValue(["fct_orders"]),
        }
