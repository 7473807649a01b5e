"""What is left of events in the lake when a person is erased."""

import json
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from warehouse.erasure.lake import blank_batch, blank_row
from warehouse.erasure.person import Person
from warehouse.lake.part import SCHEMA

ANA = "0c000000-0000-0000-0000-000000000001"
BOB = "0c000000-0000-0000-0000-000000000002"
OWN, OTHER = "0b000000-0000-0000-0000-000000000001", "0b000000-0000-0000-0000-000000000002"
PERSON = Person(UUID(int=1), UUID(ANA), None, UUID(OWN), ("ana@acme.example",), ("device-1",), ("visit-1",))


def event(**fields: Any) -> dict[str, Any]:
    """An event of somebody else in another organization."""
    properties = json.dumps(fields.pop("properties", {}))
    empty = dict.fromkeys(SCHEMA.names)
    return {
        **empty, "source": "api", "event_id": "e1", "event_name": "prompt.viewed", "user_id": BOB,
        "organization_id": OTHER, "properties": properties, **fields,
    }  # fmt: skip


def blanked(**fields: Any) -> dict[str, Any]:
    """The event after the erasure."""
    return blank_row(event(**fields), PERSON)


def without_mark(row: dict[str, Any]) -> dict[str, Any]:
    """The properties, of which one says that the sender was known."""
    properties = json.loads(row["properties"])
    assert properties.pop("erased_sender")
    return properties


class TestBlankRow:
    def test_her_own_keeps_that_it_happened(self):
        row = blanked(
            user_id=ANA, organization_id=OWN, session_id="visit-1", request_id="r", anonymous_id="device-1",
            properties={"dwell_ms": 5, "note": "mine"},
        )  # fmt: skip
        assert [row[name] for name in ("user_id", "organization_id", "session_id", "request_id", "anonymous_id")] == (
            [None] * 5
        )
        assert without_mark(row) == {"dwell_ms": 5}

    def test_money_stays_her_organizations(self):
        row = blanked(event_name="order.paid", user_id=ANA, organization_id=OWN, properties={"amount_cents": 1900})
        assert (row["user_id"], row["organization_id"]) == (None, OWN)
        assert without_mark(row) == {"amount_cents": 1900}

    def test_what_she_searched_for_goes(self):
        row = blanked(event_name="search.performed", user_id=ANA, properties={"query": "divorce", "result_count": 3})
        assert without_mark(row) == {"result_count": 3}

    def test_her_click_is_marked_as_her_list_is_and_as_no_other(self):
        def mark(name: str, receipt_id: str, user_id: str = ANA) -> str:
            row = blanked(event_id=name, event_name=name, user_id=user_id, properties={"receipt_id": receipt_id})
            return json.loads(row["properties"])["erased_sender"]

        assert mark("prompt.clicked", "r1") == mark("results.served", "r1")
        assert len({mark("prompt.clicked", "r1"), mark("prompt.clicked", "r2")}) == 2

    def test_what_has_no_receipt_is_marked_alone(self):
        marks = [json.loads(blanked(user_id=ANA, event_id=each)["properties"])["erased_sender"] for each in "ab"]
        assert marks[0] != marks[1]

    @pytest.mark.parametrize("organization_id", [None, OWN])
    def test_what_her_device_did_without_a_login_is_hers(self, organization_id: str | None):
        row = blanked(user_id=None, organization_id=organization_id, anonymous_id="device-1", session_id="other")
        assert (row["anonymous_id"], row["session_id"], row["organization_id"]) == (None, None, None)

    def test_a_device_called_alike_in_another_organization_is_not_hers(self):
        row = event(user_id=None, anonymous_id="device-1", properties={"device": "device-1"})
        assert blank_row(row, PERSON) == row

    def test_a_colleague_keeps_what_is_the_colleagues(self):
        row = blanked(
            organization_id=OWN, anonymous_id="device-1", session_id="own", properties={"device": "device-1", "n": 7}
        )
        assert (row["user_id"], row["session_id"], row["anonymous_id"]) == (BOB, "own", None)
        assert json.loads(row["properties"]) == {"device": "erased", "n": 7}

    @pytest.mark.parametrize("text", ["to Ana@Acme.example!", ANA, f"x-{ANA.upper()}-x"])
    def test_her_names_go_wherever_they_stand(self, text: str):
        assert ANA not in blanked(properties={"text": text})["properties"].lower()
        assert "ana@acme" not in blanked(properties={"text": text})["properties"].lower()

    def test_her_address_goes_as_addresses_of_pages_write_it(self):
        properties = json.loads(
            blanked(properties={"url": "https://x.example/?to=ana%40acme.example&n=1"})["properties"]
        )
        assert properties == {"url": "https://x.example/?to=erased&n=1"}

    @pytest.mark.parametrize("text", ["joana@acme.example", "ana@acme.examples", "ana-acme.example", f"1{ANA}"])
    def test_names_that_only_look_alike_stay(self, text: str):
        assert json.loads(blanked(properties={"text": text})["properties"]) == {"text": text}

    def test_an_event_named_after_her_gets_another_id_that_is_always_the_same(self):
        first, second = (blanked(event_id="click of ana@acme.example")["event_id"] for _ in range(2))
        assert first == second
        assert first.startswith("erased:")
        assert "ana" not in first


class TestBlankBatch:
    def test_a_batch_without_her_is_the_same_object(self):
        batch = pa.RecordBatch.from_pylist([event()], schema=SCHEMA)
        assert blank_batch(batch, PERSON) is batch

    def test_no_event_is_lost(self):
        batch = pa.RecordBatch.from_pylist([event(), event(user_id=ANA), event()], schema=SCHEMA)
        assert blank_batch(batch, PERSON).num_rows == 3
