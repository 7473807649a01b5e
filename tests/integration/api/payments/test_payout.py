"""Money out asks for holds on money, and for nothing else."""

import asyncio
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from api.database import Database
from api.moderation.errors import MoneyHeld
from api.payments.payout import ensure_payable
from tests.integration.api.conftest import Account
from warehouse.tenancy import PLATFORM, Access

INSERT = """
insert into decisions (kind, organization_id, reason, ground, rule, facts, detected_by, ends_at)
values (%(kind)s, %(organization)s, 'suspected_fraud', 'terms', 'Terms, 5', 'Seen', 'own_initiative', %(ends_at)s)
"""


def ask(access: Access, organization_id: str) -> None:
    """Ask as a payout does."""

    async def ask() -> None:
        database = Database(access.application_url, access.scope_key)
        async with database.reading(PLATFORM) as session:
            await ensure_payable(session, UUID(organization_id))

    asyncio.run(ask())


class TestEnsurePayable:
    def test_a_money_hold_stops_it(self, access: Access, seller: Account, database: psycopg.Connection[DictRow]):
        database.execute(INSERT, {"kind": "money_hold", "organization": seller.organization_id, "ends_at": None})
        with pytest.raises(MoneyHeld):
            ask(access, seller.organization_id)

    @pytest.mark.parametrize(("kind", "ends_at"), [("ranking_hold", None), ("money_hold", "2026-01-01T00:00:00Z")])
    def test_a_hold_on_ranking_or_one_that_is_over_does_not(
        self,
        access: Access,
        seller: Account,
        database: psycopg.Connection[DictRow],
        kind: str,
        ends_at: str | None,
    ):
        database.execute(INSERT, {"kind": kind, "organization": seller.organization_id, "ends_at": ends_at})
        ask(access, seller.organization_id)
