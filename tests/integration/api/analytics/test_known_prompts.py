"""Remembering which prompts exist for whom."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError

from api.analytics.known_prompts import KnownPrompts
from api.database import Database

NOWHERE = "postgresql://postgres@127.0.0.1:1/nothing?connect_timeout=1"


@pytest.fixture
def find(service):
    """The prompts found by the first and, with the database away, by a second look."""

    def find(first, second, organization_id):
        async def run():
            access = service.state.resources.servers.access
            here, away = Database(access.application_url, access.scope_key), Database(NOWHERE, access.scope_key)
            prompts = KnownPrompts()
            try:
                found = await prompts.find(here, first, UUID(organization_id))
                return found, await prompts.find(away, second, UUID(organization_id))
            finally:
                await here.close()
                await away.close()

        return asyncio.run(run())

    return find


class TestFind:
    def test_a_prompt_that_was_found_is_not_asked_for_again(self, find, client, seller, create_prompt):
        prompt = UUID(create_prompt(seller)["id"]).bytes
        assert find({prompt}, {prompt}, seller.organization_id) == ({prompt}, {prompt})

    def test_one_that_was_not_found_is_asked_for_again(self, find, client, seller):
        with pytest.raises(OperationalError):
            find({uuid4().bytes}, {uuid4().bytes}, seller.organization_id)

    def test_a_draft_is_known_to_its_seller_alone(self, find, client, seller, buyer, create_prompt):
        draft = UUID(create_prompt(seller, publish=False)["id"]).bytes
        assert find({draft}, set(), seller.organization_id) == ({draft}, set())
        assert find({draft}, set(), buyer.organization_id) == (set(), set())
