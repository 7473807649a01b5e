"""Orders into the application database."""

from datetime import UTC, datetime

import pytest

from tests.integration.warehouse.imports.rows import order, prompt
from warehouse.imports.identity import imported_id

REFUND = {"refunded_at": "2026-02-01T00:00:00Z", "refunded_cents": "400"}


@pytest.fixture(autouse=True)
def catalog(run):
    run("catalog", [prompt("p1", seller="Acme", created_at="2020-01-01T00:00:00Z")])


@pytest.fixture
def orders(connection):
    def read_orders():
        return {row["external_id"]: row for row in connection.execute("select * from orders")}

    return read_orders


@pytest.fixture
def refunds(connection):
    def read_refunds():
        rows = connection.execute("select external_id, amount_cents, currency, status, refunded_at from refunds")
        return [tuple(row.values()) for row in rows]

    return read_refunds


class TestAudit:
    @pytest.fixture
    def noted(self, connection):
        def read_noted():
            rows = connection.execute(
                "select action, new_value from audit_log where object_type = 'import' order by occurred_at, id"
            )
            return [(row["action"], row["new_value"]) for row in rows.fetchall()]

        return read_noted

    def test_what_a_file_changes_is_noted_and_what_it_repeats_is_not(self, run, noted):
        for rows in ([order("o1"), order("o2")], [order("o1"), order("o2")], [order("o1", **REFUND), order("o2")]):
            run("orders", rows)
        assert noted() == [
            ("prompt.imported", {"inserted": 1, "updated": 0}),
            ("order.imported", {"inserted": 2, "updated": 0}),
            ("order.imported", {"inserted": 0, "updated": 1}),
        ]

    def test_what_was_only_tried_is_not_noted(self, run, noted):
        before = noted()
        run("orders", [order("o1")], is_dry_run=True)
        assert noted() == before


class TestNewOrders:
    def test_are_paid_orders_of_the_prompt_and_its_seller(self, run, orders):
        report, _ = run("orders", [order()])
        found = orders()["o1"]
        assert report["inserted"] == 1
        assert found["id"] == imported_id("order", "o1")
        assert found["prompt_id"] == imported_id("prompt", "p1")
        assert found["seller_organization_id"] == imported_id("organization", "Acme")
        assert found["buyer_user_id"] == imported_id("user", "u1")
        assert (found["status"], found["provider"], found["fee_cents"]) == ("paid", "import", 0)
        assert (found["amount_cents"], found["currency"]) == (1000, "USD")
        assert found["paid_at"] == found["created_at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def test_their_buyer_is_made_in_a_company_of_its_own_without_a_log_in(self, run, connection):
        run("orders", [order("o1", user_external_id="u1"), order("o2", user_external_id="u1")])
        users = connection.execute("select * from users").fetchall()
        assert [(user["external_id"], user["role"], user["email"]) for user in users] == [("u1", "buyer", None)]
        company = connection.execute("select * from organizations where id = %s", [users[0]["organization_id"]])
        assert company.fetchone()["is_imported"]

    def test_a_user_called_like_a_seller_is_not_that_company(self, run, orders):
        run("orders", [order(user_external_id="Acme")])
        assert orders()["o1"]["buyer_organization_id"] != orders()["o1"]["seller_organization_id"]

    def test_they_buy_the_version_there_was_when_they_paid(self, run, orders):
        run("catalog", [prompt("p1", template="newer")])
        run("orders", [order("o1"), order("o2", paid_at=datetime.now(UTC).isoformat())])
        assert {key: row["prompt_version"] for key, row in orders().items()} == {"o1": 1, "o2": 2}

    def test_a_refund_in_part_or_whole_says_so(self, run, orders, refunds):
        run("orders", [order("o1", **REFUND), order("o2", **REFUND | {"refunded_cents": "1000"}), order("o3")])
        assert {key: row["status"] for key, row in orders().items()} == {
            "o1": "partially_refunded",
            "o2": "refunded",
            "o3": "paid",
        }
        moment = datetime(2026, 2, 1, tzinfo=UTC)
        assert sorted(refunds()) == [
            ("o1-refund", 400, "USD", "succeeded", moment),
            ("o2-refund", 1000, "USD", "succeeded", moment),
        ]

    def test_they_grant_no_entitlement(self, run, connection):
        run("orders", [order()])
        assert connection.execute("select count(*) as n from entitlements").fetchone()["n"] == 0

    def test_an_unknown_prompt_is_refused_and_its_buyer_not_made(self, run, connection):
        rows = [order(prompt_external_id="p9", user_external_id="u9"), order("o2", user_external_id="u2")]
        report, refused = run("orders", rows)
        assert refused == {2: "prompt_unknown"}
        assert report["inserted"] == 1
        assert [row["external_id"] for row in connection.execute("select external_id from users")] == ["u2"]

    def test_they_count_in_the_statistics_of_the_prompt(self, run, connection):
        run("orders", [order("o1"), order("o2", **REFUND)])
        kept = connection.execute("select order_count, refund_count from prompt_statistics").fetchall()
        assert [tuple(row.values()) for row in kept] == [(2, 1)]


class TestKnownOrders:
    def test_the_same_again_changes_nothing(self, run, everything):
        rows = [order("o1", **REFUND), order("o2"), order("o3", amount_cents="0")]
        run("orders", rows)
        before = everything()
        report, _ = run("orders", rows)
        assert (report["unchanged"], report["updated"], report["inserted"]) == (3, 0, 0)
        assert everything() == before

    def test_a_refund_that_comes_later_is_applied(self, run, orders, refunds):
        run("orders", [order()])
        report, _ = run("orders", [order(**REFUND)])
        assert report["updated"] == 1
        assert orders()["o1"]["status"] == "partially_refunded"
        assert len(refunds()) == 1

    def test_a_refund_later_in_the_same_file_is_applied(self, run, orders):
        report, refused = run("orders", [order("o1"), order("o2"), order("o1", **REFUND)])
        assert (report["inserted"], report["updated"], refused) == (2, 1, {})
        assert orders()["o1"]["status"] == "partially_refunded"

    def test_an_older_file_does_not_take_the_refund_away(self, run, everything):
        run("orders", [order(**REFUND)])
        before = everything()
        report, _ = run("orders", [order()])
        assert report["unchanged"] == 1
        assert everything() == before

    @pytest.mark.parametrize(
        "changed",
        [
            {"amount_cents": "1001"},
            {"currency": "EUR"},
            {"user_external_id": "u2"},
            {"paid_at": "2026-01-02T03:04:06Z"},
            {"prompt_external_id": "p2"},
        ],
    )
    def test_what_contradicts_them_is_refused(self, run, orders, changed):
        run("catalog", [prompt("p2")])
        run("orders", [order()])
        before = orders()
        report, refused = run("orders", [order(**changed)])
        assert refused == {2: "order_conflict"}
        assert report["updated"] == 0
        assert orders() == before

    @pytest.mark.parametrize("changed", [{"refunded_cents": "500"}, {"refunded_at": "2026-02-02T00:00:00Z"}])
    def test_another_refund_is_refused(self, run, refunds, changed):
        run("orders", [order(**REFUND)])
        before = refunds()
        _, refused = run("orders", [order(**REFUND | changed)])
        assert refused == {2: "refund_conflict"}
        assert refunds() == before

    def test_a_row_repeated_in_a_file_fares_as_the_first(self, run):
        unknown = order(prompt_external_id="p9")
        report, refused = run("orders", [order("o2"), unknown, unknown, order("o2")])
        assert refused == {3: "prompt_unknown", 4: "prompt_unknown"}
        assert (report["read"], report["inserted"], report["unchanged"], report["quarantined"]) == (4, 1, 1, 2)
