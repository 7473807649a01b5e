"""Order rows: what was paid, and what of it was given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from warehouse.imports import order_storage, value
from warehouse.imports.errors import RowInvalid
from warehouse.imports.importer import Connection, Importer, Outcome, RecordRow, Refusal, moment
from warehouse.imports.record import Record


@dataclass(frozen=True)
class OrderRow(RecordRow):
    """One paid order; both or neither of `refunded_at` and `refunded_cents` are set."""

    external_id: str
    prompt_external_id: str
    user_external_id: str
    amount_cents: int
    currency: str
    paid_at: datetime
    refunded_at: datetime | None
    refunded_cents: int | None

    @property
    def key(self) -> str:
        """One row an order."""
        return self.external_id


class OrderImporter(Importer[OrderRow]):
    """Records orders that were paid elsewhere. A known order takes up a refund it did not have, and nothing else.

    They are history to count, not a right to use: nobody can log in as their buyer, and they grant no entitlement.
    """

    kind = "orders"
    needed = ("external_id", "prompt_external_id", "user_external_id", "amount_cents", "currency", "paid_at")
    optional = ("refunded_at", "refunded_cents")

    def prepare(self, connection: Connection) -> None:
        """Create the temporary table of this session."""
        connection.execute(order_storage.TEMPORARY_TABLE)

    def parse(self, record: Record) -> OrderRow:
        """The order a record describes. Raises `RowInvalid`."""
        values = record.values
        amount_cents = value.cents(values, "amount_cents")
        currency = value.currency(values, "currency")
        if amount_cents is None:
            raise value.missing("amount_cents")
        if currency is None:
            raise value.missing("currency")
        paid_at = value.needed_timestamp(values, "paid_at")
        refunded_at, refunded_cents = _refund(values, amount_cents, paid_at)
        return OrderRow(
            record=record,
            external_id=value.needed_identifier(values, "external_id"),
            prompt_external_id=value.needed_identifier(values, "prompt_external_id"),
            user_external_id=value.needed_identifier(values, "user_external_id"),
            amount_cents=amount_cents,
            currency=currency,
            paid_at=paid_at,
            refunded_at=refunded_at,
            refunded_cents=refunded_cents,
        )

    def store(self, connection: Connection, rows: Sequence[OrderRow]) -> Outcome:
        """Store one batch in the caller's transaction."""
        by_key = {row.key: row for row in rows}
        order_storage.arrive(connection, rows)
        refusals = [
            Refusal(by_key[key].record, "prompt_unknown", f"no prompt has the external id {prompt!r}")
            for key, prompt in order_storage.take_out_unknown_prompts(connection)
        ]
        conflicts = order_storage.take_out_conflicts(connection)
        refusals += [_conflict(by_key[known.external_id], known) for known in conflicts]
        written = order_storage.write(connection)
        return Outcome(
            inserted=written.inserted, updated=written.updated, unchanged=written.unchanged, refusals=refusals
        )


def _refund(values: value.Values, amount_cents: int, paid_at: datetime) -> tuple[datetime | None, int | None]:
    refunded_at = value.timestamp(values, "refunded_at")
    refunded_cents = value.cents(values, "refunded_cents")
    if refunded_cents == 0:
        return None, None
    if refunded_cents is None:
        if refunded_at is not None:
            raise RowInvalid("refunded_cents_missing", "refunded_at is given without refunded_cents")
        return None, None
    if refunded_at is None:
        raise RowInvalid("refunded_at_missing", "refunded_cents is given without refunded_at")
    if refunded_cents > amount_cents:
        raise RowInvalid(
            "refund_exceeds_amount", f"refunded_cents {refunded_cents} is over the amount_cents {amount_cents}"
        )
    if refunded_at < paid_at:
        raise RowInvalid(
            "refund_before_payment", f"refunded_at {moment(refunded_at)} is before paid_at {moment(paid_at)}"
        )
    return refunded_at, refunded_cents


def _conflict(row: OrderRow, known: order_storage.KnownOrder) -> Refusal:
    """Say what is known, what the file says, and that what is known stays."""
    pairs = [
        ("prompt_external_id", known.prompt_external_id, row.prompt_external_id),
        ("user_external_id", known.user_external_id, row.user_external_id),
        ("amount_cents", known.amount_cents, row.amount_cents),
        ("currency", known.currency, row.currency),
        ("paid_at", moment(known.paid_at), moment(row.paid_at)),
    ]
    differing = [f"{name} {before} is known, the file says {now}" for name, before, now in pairs if before != now]
    if differing:
        return Refusal(row.record, "order_conflict", f"order {row.key}: {'; '.join(differing)}")
    before = f"{known.refunded_cents} at {moment(known.refunded_at)}" if known.refunded_at else "none"
    now = f"{row.refunded_cents} at {moment(row.refunded_at)}" if row.refunded_at else "none"
    detail = f"order {row.key}: a refund of {before} is known, the file says {now}"
    return Refusal(row.record, "refund_conflict", detail)
