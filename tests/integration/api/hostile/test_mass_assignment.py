"""Fields that are the server's to say, sent along with a good body: refused, not taken and not ignored."""

from collections.abc import Callable

import httpx
import pytest

from tests.integration.api.access.bodies import make_body
from tests.integration.api.access.matrix import Cell
from tests.integration.api.hostile.conftest import Target
from tests.integration.api.hostile.test_hostile_bodies import WRITES

# With a value that would change something for the worse if it were taken.
FIELDS = {
    "id": "018bcfe5-687b-7fff-bfff-ffffffffffff",
    "role": "admin",
    "is_active": True,
    "email_verified_at": "2026-01-01T00:00:00Z",
    "organization_id": "018bcfe5-687b-7fff-bfff-ffffffffffff",
    "seller_organization_id": "018bcfe5-687b-7fff-bfff-ffffffffffff",
    "buyer_organization_id": "018bcfe5-687b-7fff-bfff-ffffffffffff",
    "user_id": "018bcfe5-687b-7fff-bfff-ffffffffffff",
    "status": "published",
    "paid_at": "2026-01-01T00:00:00Z",
    "amount_cents": 1,
    "fee_cents": 0,
    "stripe_customer_id": "cus_1",
    "created_at": "2000-01-01T00:00:00Z",
    "password_hash": "$2b$04$" + "." * 53,
}
# What some routes have by that name is the caller's to say there.
OWN = {
    ("POST", "/api/v1/auth/register", "role"),
    ("POST", "/api/v1/admin/users/{user_id}/role", "role"),
    ("POST", "/api/v1/marketplace/orders/{order_id}/refund", "amount_cents"),
    ("POST", "/api/v1/admin/decisions", "organization_id"),
    ("PATCH", "/api/v1/organizations/me/members/{user_id}", "is_active"),
}
PAIRS = [(cell, field) for cell in WRITES for field in FIELDS if (*cell.route, field) not in OWN]


def named(value: object) -> str | None:
    return str(value) if isinstance(value, Cell) else None


class TestMassAssignment:
    @pytest.mark.parametrize(("cell", "field"), PAIRS, ids=named)
    def test_is_refused(self, visitor: httpx.Client, aim: Callable[[Cell], Target], cell: Cell, field: str):
        target = aim(cell)
        body = {**(make_body(cell.route, target.subject) or {}), field: FIELDS[field]}
        answer = visitor.request(target.method, target.path, json=body, headers=target.headers)
        assert (answer.status_code, answer.json()["title"]) == (422, "Validation failed")
        assert field in [error["field"] for error in answer.json()["errors"]]

    def test_nobody_registers_as_an_operator(self, visitor: httpx.Client):
        route = ("POST", "/api/v1/auth/register")
        answer = visitor.post(route[1], json={**(make_body(route, {}) or {}), "role": "admin"})
        assert answer.status_code == 422
