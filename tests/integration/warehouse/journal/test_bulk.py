"""Rows reach a guarded table by a detour, and every one of them passes its policies."""

from uuid import uuid4

import psycopg
import pytest

from tests.integration.warehouse.journal.sending import event
from warehouse.databases import connect
from warehouse.journal import StoreReport, store

STORED = "select source, event_id, properties, is_own from raw_events order by event_id"


class TestPutRows:
    def test_for_a_role_under_row_level_security_stores_what_it_stores_for_the_owner(
        self, access, database_url, connection
    ):
        # With one that is known already and one that says something else: all ways that ids can take.
        first = [event("a"), event("b", properties={"category": "tab\t, line\n and \\"})]
        second = [event("a"), event("c"), event("b"), event("c"), event(prompt_id=uuid4())]
        reports, rows = [], []
        for url in (database_url, access.platform_url):
            connection.execute("truncate raw_events, event_ids, event_batches, quarantine")
            with connect(url) as own:
                reports.append([store(own, each, origin="test") for each in (first, second)])
            rows.append(connection.execute(STORED).fetchall())
        assert rows[0] == rows[1]
        assert reports[0] == reports[1]
        assert reports[0] == [
            StoreReport(received=2, stored=2),
            StoreReport(received=5, stored=1, duplicate=2, quarantined=2),
        ]

    def test_for_a_role_outside_the_platforms_scope_stores_nothing(self, access, connection):
        with connect(access.application_url) as own, pytest.raises(psycopg.errors.InsufficientPrivilege):
            store(own, [event("a")], origin="test")
        assert connection.execute("select count(*) as n from event_ids").fetchone() == {"n": 0}
