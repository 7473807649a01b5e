"""Catalog rows: prompts and their texts."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from warehouse.currencies import CHARGE_MAX_CENTS
from warehouse.imports import catalog_storage, value
from warehouse.imports.csv_source import FIELD_MAX_CHARACTERS
from warehouse.imports.errors import RowInvalid
from warehouse.imports.importer import Connection, Importer, Outcome, RecordRow, Refusal
from warehouse.imports.record import Record

TITLE_MAX_LENGTH = 500
# Its search vector must stay below Postgres's megabyte.
DESCRIPTION_MAX_LENGTH = 50_000
TAGS_MAX = 50
TAG_MAX_LENGTH = 100
DEFAULT_CURRENCY = "USD"
DEFAULT_SELLER = "Imported catalog"

# The language of templates is the service's affair; whoever imports says how to find the variables in one.
NameVariables = Callable[[str], list[str]]


def name_no_variables(_template: str) -> list[str]:
    """For those to whom a template is just text."""
    return []


@dataclass(frozen=True)
class CatalogRow(RecordRow):
    """One prompt. `stated` names the columns the file has: others keep what is known."""

    external_id: str
    title: str
    template: str
    variables: list[str]
    description: str
    category: str | None
    tags: list[str]
    price_cents: int
    currency: str
    seller: str | None
    model: str | None
    created_at: datetime | None
    stated: tuple[str, ...]

    @property
    def key(self) -> str:
        """One row a prompt."""
        return self.external_id

    @property
    def seller_name(self) -> str:
        """The company the prompt belongs to when it is new."""
        return self.seller or DEFAULT_SELLER

    @cached_property
    def fingerprint(self) -> bytes:
        """Equal for rows that say the same."""
        said = (
            self.external_id, self.title, self.template, self.description, self.category, self.tags, self.price_cents,
            self.currency, self.seller, self.model, self.created_at, self.stated,
        )  # fmt: skip
        return hashlib.sha256(repr(said).encode()).digest()


class CatalogImporter(Importer[CatalogRow]):
    """Publishes prompts; a changed text becomes a new version, other changes are made in place.

    `may_update` is False for rows that waited in quarantine: they are older than what is known by now.
    """

    kind = "catalog"
    needed = ("external_id", "title", "template")
    optional = ("description", "category", "tags", "price_cents", "currency", "seller", "model", "created_at")

    def __init__(self, *, name_variables: NameVariables = name_no_variables, may_update: bool = True) -> None:
        self._name_variables = name_variables
        self._may_update = may_update

    def prepare(self, connection: Connection) -> None:
        """Create the temporary tables of this session."""
        catalog_storage.prepare(connection)

    def parse(self, record: Record) -> CatalogRow:
        """The prompt a record describes. Raises `RowInvalid`."""
        values = record.values
        template = _visible(values, "template", maximum=FIELD_MAX_CHARACTERS)
        return CatalogRow(
            record=record,
            external_id=value.needed_identifier(values, "external_id"),
            title=_visible(values, "title", maximum=TITLE_MAX_LENGTH),
            template=template,
            variables=self._name_variables(template),
            description=value.text(values, "description", maximum=DESCRIPTION_MAX_LENGTH) or "",
            category=value.trimmed(values, "category"),
            tags=_tags(values.get("tags")),
            price_cents=value.cents(values, "price_cents", maximum=CHARGE_MAX_CENTS) or 0,
            currency=value.currency(values, "currency") or DEFAULT_CURRENCY,
            seller=value.identifier(values, "seller"),
            model=value.trimmed(values, "model"),
            created_at=value.timestamp(values, "created_at"),
            stated=tuple(column for column in self.optional if column in values),
        )

    def store(self, connection: Connection, rows: Sequence[CatalogRow]) -> Outcome:
        """Store one batch in the caller's transaction."""
        outcome = Outcome()
        by_key = {row.key: row for row in rows}
        catalog_storage.arrive(connection, rows)
        refused, outcome.unchanged = catalog_storage.take_out_repeated(connection)
        for key in refused:
            detail = f"{key} stands in this file before, with other values; the first one counts"
            outcome.refusals.append(Refusal(by_key[key].record, "prompt_conflict", detail))
        for key, seller in catalog_storage.take_out_foreign(connection):
            detail = f"{key} belongs to {seller!r}, the file says {by_key[key].seller!r}"
            outcome.refusals.append(Refusal(by_key[key].record, "seller_conflict", detail))
        for key in [] if self._may_update else catalog_storage.take_out_changed(connection):
            detail = f"{key} is known with other values; import it from a file to change them"
            outcome.refusals.append(Refusal(by_key[key].record, "prompt_conflict", detail))
        counts = catalog_storage.write(connection)
        outcome.inserted, outcome.updated = counts.inserted, counts.updated
        outcome.unchanged += counts.unchanged
        return outcome


def _visible(values: value.Values, column: str, *, maximum: int) -> str:
    """Text exactly as given, with something in it."""
    found = value.text(values, column, maximum=maximum)
    if found is None or not found.strip():
        raise value.missing(column)
    return found


def _tags(given: Any) -> list[str]:
    """Tags without repetition, in the order given."""
    parts = given.split(";") if isinstance(given, str) else [] if given is None else given
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise RowInvalid("tags_invalid", f"tags are not a list or a text with ';' between them: {value.shown(given)}")
    tags = list(dict.fromkeys(tag for part in parts if (tag := part.strip())))
    if len(tags) > TAGS_MAX or any(len(tag) > TAG_MAX_LENGTH for tag in tags):
        raise RowInvalid("tags_invalid", f"there are over {TAGS_MAX} tags, or one is over {TAG_MAX_LENGTH} characters")
    if any("\x00" in tag for tag in tags):
        raise RowInvalid("nul_character", "tags hold a NUL character, which can't be stored")
    return tags
