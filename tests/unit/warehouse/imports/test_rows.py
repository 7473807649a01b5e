"""From records to rows: what a row must hold, and what it defaults to."""

import json
from datetime import UTC, datetime

import pytest

from warehouse.imports.catalog import CatalogImporter
from warehouse.imports.errors import RowInvalid
from warehouse.imports.event import EventImporter
from warehouse.imports.order import OrderImporter
from warehouse.imports.record import Record

PROMPT = {"external_id": "p1", "title": "T", "template": "x"}
ORDER = {
    "external_id": "o1", "prompt_external_id": "p1", "user_external_id": "u1", "amount_cents": "1000",
    "currency": "USD", "paid_at": "2026-01-02T03:04:05Z",
}  # fmt: skip
EVENT = {"event_id": "e1", "event_name": "prompt.viewed", "occurred_at": "2026-01-02T03:04:05Z"}


def parse(importer, values):
    return importer.parse(Record(2, values, 0))


def reason_of(importer, values):
    with pytest.raises(RowInvalid) as refused:
        parse(importer, values)
    return refused.value.reason


class TestCatalogRow:
    def test_what_is_not_said_has_a_default(self):
        row = parse(CatalogImporter(), PROMPT)
        assert (row.description, row.category, row.tags, row.price_cents, row.currency) == ("", None, [], 0, "USD")
        assert row.seller_name == "Imported catalog"
        assert row.stated == ()

    def test_title_and_template_are_kept_as_given(self):
        row = parse(CatalogImporter(), PROMPT | {"title": " T ", "template": "\r\n  x\n"})
        assert (row.title, row.template) == (" T ", "\r\n  x\n")

    @pytest.mark.parametrize("column", ["external_id", "title", "template"])
    @pytest.mark.parametrize("given", ["", "  \n ", None])
    def test_a_needed_value_that_is_blank_is_missing(self, column, given):
        assert reason_of(CatalogImporter(), PROMPT | {column: given}) == f"{column}_missing"

    @pytest.mark.parametrize("given", ["a; b;;a ;", ["a", "b", " a"]])
    def test_tags_are_told_apart_and_named_once(self, given):
        assert parse(CatalogImporter(), PROMPT | {"tags": given}).tags == ["a", "b"]

    @pytest.mark.parametrize("given", [5, ["a", 1], ";".join(map(str, range(51))), "x" * 101])
    def test_tags_of_another_kind_are_refused(self, given):
        assert reason_of(CatalogImporter(), PROMPT | {"tags": given}) == "tags_invalid"

    @pytest.mark.parametrize(
        ("column", "given", "reason"),
        [
            ("price_cents", "9.99", "price_cents_invalid"),
            ("price_cents", "-1", "price_cents_negative"),
            ("currency", "dollars", "currency_invalid"),
            ("created_at", "2026-01-01", "created_at_invalid"),
            ("title", "x" * 501, "title_too_long"),
            ("template", "a\x00b", "nul_character"),
        ],
    )
    def test_values_that_cannot_be_are_refused(self, column, given, reason):
        assert reason_of(CatalogImporter(), PROMPT | {column: given}) == reason

    def test_rows_are_equal_wherever_they_stand(self):
        first = CatalogImporter().parse(Record(2, PROMPT, 0))
        second = CatalogImporter().parse(Record(9, dict(PROMPT), 5))
        assert first == second
        assert first.fingerprint == second.fingerprint
        assert first != parse(CatalogImporter(), PROMPT | {"template": "y"})


class TestOrderRow:
    def test_a_refund_needs_its_time_and_its_amount(self):
        row = parse(OrderImporter(), ORDER | {"refunded_at": "2026-01-03T00:00:00Z", "refunded_cents": "400"})
        assert (row.refunded_cents, row.refunded_at) == (400, datetime(2026, 1, 3, tzinfo=UTC))
        assert reason_of(OrderImporter(), ORDER | {"refunded_cents": "400"}) == "refunded_at_missing"
        assert reason_of(OrderImporter(), ORDER | {"refunded_at": "2026-01-03T00:00:00Z"}) == "refunded_cents_missing"

    @pytest.mark.parametrize("refunded_at", ["", "2026-01-03T00:00:00Z"])
    def test_a_refund_of_nothing_is_none(self, refunded_at):
        row = parse(OrderImporter(), ORDER | {"refunded_at": refunded_at, "refunded_cents": "0"})
        assert (row.refunded_at, row.refunded_cents) == (None, None)

    def test_a_refund_over_the_amount_is_refused(self):
        refund = {"refunded_at": "2026-01-03T00:00:00Z", "refunded_cents": "1001"}
        assert reason_of(OrderImporter(), ORDER | refund) == "refund_exceeds_amount"

    def test_a_refund_before_the_payment_is_refused(self):
        refund = {"refunded_at": "2026-01-02T03:04:04Z", "refunded_cents": "1000"}
        assert reason_of(OrderImporter(), ORDER | refund) == "refund_before_payment"

    @pytest.mark.parametrize("column", list(ORDER))
    def test_every_other_value_is_needed(self, column):
        assert reason_of(OrderImporter(), ORDER | {column: ""}) == f"{column}_missing"


class TestEventRow:
    def test_the_source_is_import_unless_it_says_otherwise(self):
        assert parse(EventImporter("f"), EVENT).envelope["source"] == "import"
        assert parse(EventImporter("f"), EVENT | {"source": "web"}).envelope["source"] == "web"

    def test_the_position_goes_into_the_properties(self):
        row = parse(EventImporter("f"), EVENT | {"position": "3", "properties": '{"receipt_id": "r"}'})
        assert row.envelope["properties"] == {"receipt_id": "r", "position": 3}

    def test_a_position_in_the_properties_stays(self):
        row = parse(EventImporter("f"), EVENT | {"position": "3", "properties": {"position": 2}})
        assert row.envelope["properties"] == {"position": 2}

    def test_the_record_is_not_changed(self):
        values = EVENT | {"position": 3, "properties": {"receipt_id": "r"}}
        parse(EventImporter("f"), values)
        assert values["properties"] == {"receipt_id": "r"}

    @pytest.mark.parametrize("given", ["{", "[1]", "3", '"a"', 7, ["a"]])
    def test_properties_must_be_a_json_object(self, given):
        assert reason_of(EventImporter("f"), EVENT | {"properties": given}) == "properties_invalid"

    @pytest.mark.parametrize("depth", [51, 300, 900])
    def test_properties_nested_beyond_what_can_be_written_are_refused(self, depth):
        nested = '{"x": ' + "[" * depth + "]" * depth + "}"
        assert reason_of(EventImporter("f"), EVENT | {"properties": nested}) == "properties_invalid"
        assert reason_of(EventImporter("f"), EVENT | {"properties": json.loads(nested)}) == "properties_invalid"

    def test_properties_with_many_items_are_not_deep(self):
        items = [{"x": [number]} for number in range(100)]
        assert (
            parse(EventImporter("f"), EVENT | {"properties": {"items": items}}).envelope["properties"]["items"] == items
        )

    def test_properties_the_size_of_a_document_are_refused(self):
        assert reason_of(EventImporter("f"), EVENT | {"properties": {"x": "y" * 70_000}}) == "properties_too_large"

    def test_names_every_prompt_it_is_about(self):
        items = [{"prompt_id": "p2", "position": 1}, {"prompt_id": "p3", "position": 2}, "odd"]
        row = parse(EventImporter("f"), EVENT | {"prompt_external_id": "p1", "properties": {"items": items}})
        assert row.prompts == ["p1", "p2", "p3"]
