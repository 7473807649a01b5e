"""What was done on a person's device before a log-in is the person's; what others did there is not."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from api.own_data import event
from api.own_data.device import Devices
from api.own_data.event import OwnEvents, Store
from tests.integration.api.conftest import Account
from tests.integration.api.own_data.conftest import read_export

COLUMNS = "source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id,"
COLUMNS += " anonymous_id, session_id, properties"
INSERT_HERE = (
    f"insert into raw_events ({COLUMNS}, batch_id) values ('api', %s, 'prompt.viewed', 1, now(), now(), %s, %s, %s, %s,"
    " '{}', 1)"
)
INSERT_THERE = (
    f"insert into raw_events.events ({COLUMNS}, _loaded_at) values ('api', %s, 'prompt.viewed', 1, '2020-01-01',"
    " '2020-01-01', %s, %s, %s, %s, '{}', now())"
)


@pytest.fixture
def device() -> str:
    """An id nobody else has."""
    return f"device-{uuid4()}"


@pytest.fixture
def happened(database: psycopg.Connection[DictRow]) -> Callable[..., str]:
    """Stores an event of now; its id."""

    def store(
        who: Account | None, anonymous_id: str | None, session_id: str | None = None, *, of: Account | None = None
    ) -> str:
        event_id = str(uuid4())
        organization = of or who
        database.execute(
            INSERT_HERE,
            [
                event_id, organization and organization.organization_id, who and who.user_id, anonymous_id, session_id,
            ],
        )  # fmt: skip
        return event_id

    return store


@pytest.fixture
def happened_long_ago(warehouse_url: str) -> Iterator[Callable[..., str]]:
    """The same of an event the warehouse alone still has."""
    with psycopg.connect(warehouse_url, autocommit=True) as warehouse:

        def store(who: Account | None, anonymous_id: str | None, session_id: str | None = None) -> str:
            event_id = str(uuid4())
            warehouse.execute(
                INSERT_THERE,
                [event_id, who and who.organization_id, who and who.user_id, anonymous_id, session_id],
            )
            return event_id

        yield store


@pytest.fixture
def other(register: Callable[[str], Account]) -> Account:
    """A buyer of another company."""
    return register("buyer")


@pytest.fixture
def export_of(client: httpx.Client) -> Callable[[Account], tuple[set[str], dict[str, Any]]]:
    """Reads the ids of the events in a person's export, and why each device is left out."""

    def read(account: Account) -> tuple[set[str], dict[str, Any]]:
        lines = read_export(client, account)
        events = [line["data"]["event_id"] for line in lines if line["kind"] == "raw_events"]
        assert len(events) == len(set(events))
        told = {line["data"]["id"]: line["data"]["left_out_because"] for line in lines if line["kind"] == "devices"}
        return set(events), told

    return read


class TestOwnDevice:
    def test_what_was_done_before_the_log_in_is_the_persons(self, export_of, buyer, device, happened):
        before = happened(None, device, f"visit-{uuid4()}")
        happened(buyer, device, f"visit-{uuid4()}")
        events, told = export_of(buyer)
        assert before in events
        assert told[device] is None

    def test_old_events_are_too_whichever_database_tells_whose_the_device_is(
        self, export_of, buyer, device, happened, happened_long_ago
    ):
        long_ago = happened_long_ago(None, device)
        happened(buyer, device)
        other_device = f"device-{uuid4()}"
        happened_long_ago(buyer, other_device)
        now = happened(None, other_device)
        assert {long_ago, now} <= export_of(buyer)[0]

    def test_an_event_that_only_names_a_visit_is_too(self, export_of, buyer, device, happened):
        before = happened(None, None, device)
        happened(buyer, None, device)
        assert before in export_of(buyer)[0]


class TestSharedDevice:
    def test_nothing_of_it_is_handed_out_and_the_export_says_so(self, export_of, buyer, other, device, happened):
        of_nobody, of_other, own = happened(None, device), happened(other, device), happened(buyer, device)
        for account, theirs in ((buyer, own), (other, of_other)):
            events, told = export_of(account)
            assert events & {of_nobody, of_other, own} == {theirs}
            assert told[device] == "also_of_others"

    def test_that_somebody_else_was_seen_there_long_ago_counts(
        self, export_of, buyer, other, device, happened, happened_long_ago
    ):
        of_nobody = happened(None, device)
        happened_long_ago(other, device)
        happened(buyer, device)
        assert of_nobody not in export_of(buyer)[0]

    def test_a_visit_of_somebody_else_on_an_own_device_is_not_the_persons(
        self, export_of, buyer, other, device, happened
    ):
        visit = f"visit-{uuid4()}"
        of_other = happened(None, device, visit)
        happened(other, None, visit)
        happened(buyer, device)
        assert of_other not in export_of(buyer)[0]


class TestClaimedDevice:
    def test_events_another_organization_sent_of_it_are_not_handed_out(
        self, export_of, buyer, seller, device, happened
    ):
        theirs, of_nobody = happened(None, device, of=seller), happened(None, device)
        happened(buyer, device)
        events, told = export_of(buyer)
        assert not events & {theirs, of_nobody}
        assert told[device] == "also_of_others"

    def test_an_id_that_can_be_guessed_opens_nothing(self, export_of, buyer, happened):
        guessed = str(uuid4())[:8]
        of_visitor = happened(None, guessed)
        happened(buyer, guessed)
        events, told = export_of(buyer)
        assert of_visitor not in events
        assert told[guessed] == "guessable_id"


class TestMemory:
    def test_a_bounded_number_of_rows_crosses_at_once(
        self,
        warehouse_url: str,
        buyer: Account,
        happened_long_ago: Callable[..., str],
        monkeypatch: pytest.MonkeyPatch,
    ):
        monkeypatch.setattr(event, "ROWS_AT_ONCE", 7)
        expected = {happened_long_ago(buyer, None) for _ in range(20)}

        async def read() -> tuple[set[str], str]:
            async with event._reading(warehouse_url) as connection:
                events = OwnEvents([Store(connection, "raw_events.events", "")], buyer)  # type: ignore[arg-type]
                rows = events.read(Devices())
                first = await anext(rows)
                with psycopg.connect(warehouse_url) as watching:
                    statement = "select query from pg_stat_activity where pid = %s"
                    [(asked,)] = watching.execute(statement, [connection.info.backend_pid])
                texts = first + [text async for part in rows for text in part]
                return {json.loads(text)["event_id"] for text in texts}, asked

        found, asked = asyncio.run(read())
        assert asked.startswith("FETCH FORWARD 7 FROM")
        assert found == expected
