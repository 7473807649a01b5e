"""Ids of imported rows."""

from uuid import UUID

from warehouse.imports.identity import imported_id


class TestImportedId:
    def test_is_the_same_on_every_machine(self):
        assert imported_id("prompt", "85123A") == UUID("3a08271a-c92f-5f79-8878-89f3add0a920")

    def test_differs_by_entity(self):
        assert imported_id("user", "17850") != imported_id("organization", "17850")
