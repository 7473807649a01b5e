"""Four marts computed anew from the raw rows, in plain Polars: what their descriptions say, without a word of SQL."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from polars import col

from tests.integration.transforms import raw_rows as raw
from tests.integration.transforms.dbt_warehouse import Row

MINOR_UNITS = {"JPY": 1}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CREDIT = timedelta(hours=168)
DAY = ("prompt_id", "performance_date", "currency")
COUNTS = (
    "impression_count", "click_count", "purchased", "view_count", "unique_viewer_count", "checkout_count",
    "order_count", "refund_count", "gross", "refunded",
)  # fmt: skip
Raw = Mapping[str, Sequence[Row]]


def recompute(rows: Raw) -> dict[str, list[Row]]:
    """`fct_orders` and their payments, `fct_impressions` and `agg_prompts_performance_daily` of these raw tables."""
    orders = _orders(rows)
    impressions = _impressions(rows, orders)
    days = _days(rows, orders, impressions)
    return {
        "fct_orders": [_with_amounts(row, "gross_amount", "fee_amount", "net_amount") for row in orders.to_dicts()],
        "fct_order_payments": [
            _with_amounts(row, "gross_amount", "fee_amount", "net_amount", "order_amount")
            for row in _payments(rows, orders).to_dicts()
        ],
        "fct_impressions": impressions.to_dicts(),
        "agg_prompts_performance_daily": [
            _with_amounts(row, "gross_revenue_amount", "refunded_amount", "net_revenue_amount")
            for row in days.to_dicts()
        ],
    }


def _frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a frame; a column nobody filled is text."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(col(name).cast(pl.String) for name, type_ in frame.schema.items() if type_ == pl.Null)


def _with_amounts(row: Row, *names: str) -> Row:
    """Hundredths as decimals."""
    return row | {name: None if row[name] is None else Decimal(row[name]) / 100 for name in names}


def _hundredths(cents: pl.Expr, currency: str = "currency") -> pl.Expr:
    return cents * (100 // col(currency).replace_strict(MINOR_UNITS, default=100))


def _day(moment: str) -> pl.Expr:
    return col(moment).dt.convert_time_zone("UTC").dt.date()


def _orders(rows: Raw) -> pl.DataFrame:
    fee = pl.when(col("provider") == "stripe").then(col("fee_cents")).otherwise(col("fee_cents").fill_null(0))
    gross, fee = _hundredths(col("amount_cents")), _hundredths(fee)
    return _frame(rows[raw.ORDERS]).filter(col("paid_at").is_not_null()).select(
        "order_id", "prompt_id", "buyer_organization_id", "buyer_user_id", "seller_organization_id", "currency",
        "status", "provider", "paid_at", gross.alias("gross_amount"), fee.alias("fee_amount"),
        (gross - fee).alias("net_amount"), _day("paid_at").alias("paid_date"), "stripe_payment_intent_id",
    )  # fmt: skip


def _payments(rows: Raw, orders: pl.DataFrame) -> pl.DataFrame:
    of_order = ("order_id", "prompt_id", "buyer_organization_id", "seller_organization_id", "paid_at")
    paid = orders.select(*of_order, payment_intent_id="stripe_payment_intent_id")
    return _frame(rows[raw.BOOKINGS]).join(paid, on="payment_intent_id").select(
        "balance_transaction_id", *of_order, "reporting_category", "currency", "exchange_rate", "booked_at",
        _hundredths(col("amount_cents")).alias("gross_amount"), _hundredths(col("fee_cents")).alias("fee_amount"),
        _hundredths(col("net_cents")).alias("net_amount"), _day("booked_at").alias("booked_date"),
        _hundredths(col("source_amount_cents"), "source_currency").alias("order_amount"),
        col("source_currency").alias("order_currency"), col("source_id").alias("stripe_source_id"),
    )  # fmt: skip


def _events(rows: Raw, *names: str) -> list[Row]:
    """The events of these names, with who did it and whether it counts."""
    found = []
    for event in rows[raw.EVENTS]:
        if event["event_name"] in names:
            anonymous, session = event["anonymous_id"], event["session_id"]
            device = f"anonymous:{anonymous}" if anonymous else f"session:{session}" if session else None
            is_counted = event["agent"] != "bot" and not event["is_staff"] and not event["is_own"]
            visit = f"session:{session}" if session else None
            found.append(event | {"device_id": device, "visit_id": visit, "is_counted": is_counted})
    return found


def _shown(lists: pl.DataFrame) -> pl.DataFrame:
    """The items of served lists: of one place on one day the first report."""
    key = ["source", "receipt_id", "position", "prompt_id", "served_date"]
    first = lists.sort("served_at", "event_id", "item_index").unique(key, keep="first", maintain_order=True)
    text = pl.concat_str(*(col(name).cast(pl.String) for name in key), separator="|")
    digest = text.map_elements(lambda key: hashlib.md5(key.encode()).hexdigest(), pl.String)
    return first.with_columns(
        pl.concat_str(col("served_date").cast(pl.String), digest, separator="-").alias("impression_id")
    )


def _served(rows: Raw) -> pl.DataFrame:
    items = [
        {
            name: event[name]
            for name in ("source", "event_id", "organization_id", "user_id", "anonymous_id", "is_counted")
        }
        | {"receipt_id": event["properties"]["receipt_id"], "item_index": index, "served_at": event["occurred_at"]}
        | {"viewer_person_id": event["user_id"] or event["device_id"]}
        | {name: item[name] for name in ("prompt_id", "position", "score", "propensity", "is_exploration")}
        for event in _events(rows, "results.served")
        for index, item in enumerate(event["properties"]["items"], start=1)
    ]
    return _shown(_frame(items).with_columns(_day("served_at").alias("served_date")))


def _was_shown_to(user: str, organization: str, anonymous: pl.Expr) -> pl.Expr:
    """Whether the list of a row (its columns end in `_shown`) was shown to somebody."""
    is_nobodys = col("user_id_shown").is_null() & col("organization_id_shown").is_null()
    is_same = (
        (col(user) == col("user_id_shown")).fill_null(False)
        | (col(organization) == col("organization_id_shown")).fill_null(False)
        | (anonymous == col("anonymous_id_shown")).fill_null(False)
    )
    is_unknown = col(user).is_null() & col(organization).is_null() & anonymous.is_null()
    is_same_visitor = (anonymous == col("anonymous_id_shown")).fill_null(True)
    return pl.when(is_unknown).then(True).when(is_nobodys).then(is_same_visitor).otherwise(is_same)


def _clicks(rows: Raw, served: pl.DataFrame) -> pl.DataFrame:
    """Counted clicks in a list that was shown to whoever clicked, each with its one impression."""
    clicked = [
        {
            name: event[name]
            for name in ("source", "event_id", "prompt_id", "organization_id", "user_id", "anonymous_id")
        }
        | {"receipt_id": event["properties"]["receipt_id"], "position": event["properties"]["position"]}
        | {"clicked_at": event["occurred_at"]}
        | {"clicker": event["user_id"] or event["device_id"] or ("erased" if "client:" in event["source"] else None)}
        for event in _events(rows, "prompt.clicked")
        if event["is_counted"] and event["prompt_id"]
    ]
    matches = _frame(clicked).join(served, on=["receipt_id", "prompt_id"], suffix="_shown").filter(
        (col("clicked_at") >= col("served_at"))
        & ((col("source") == col("source_shown")) | (col("source_shown") == "api"))
        & _was_shown_to("user_id", "organization_id", col("anonymous_id"))
    )  # fmt: skip
    preference = [
        col("source") == col("source_shown"), col("position") == col("position_shown"), "served_at", "position_shown",
        "impression_id",
    ]  # fmt: skip
    return matches.sort(preference, descending=[True, True, True, False, False]).unique(
        ["source", "event_id"], keep="first", maintain_order=True
    )


def _purchases(rows: Raw, orders: pl.DataFrame, clicks: pl.DataFrame) -> pl.DataFrame:
    """The impressions that orders are owed to, with the first moment of one."""
    receipts = _frame(rows[raw.ORDERS]).select("order_id", "receipt_id")
    named = orders.join(receipts, on="order_id").join(clicks, on=["receipt_id", "prompt_id"], suffix="_clicked").filter(
        (col("paid_at") >= col("clicked_at"))
        & _was_shown_to("buyer_user_id", "buyer_organization_id", pl.lit(None, pl.String))
    )  # fmt: skip
    last = orders.join(
        clicks, left_on=["prompt_id", "buyer_user_id"], right_on=["prompt_id", "user_id"], suffix="_clicked"
    ).filter((col("paid_at") >= col("clicked_at")) & (col("paid_at") <= col("clicked_at") + CREDIT))
    columns = ["order_id", "impression_id", "paid_at", "clicked_at", "source", "event_id", "preference"]
    candidates = pl.concat(
        frame.with_columns(pl.lit(preference).alias("preference")).select(columns)
        for preference, frame in enumerate((named, last))
    )
    credited = candidates.sort(
        "preference", "clicked_at", "source", "event_id", descending=[False, True, False, False]
    ).unique("order_id", keep="first", maintain_order=True)
    return credited.group_by("impression_id").agg(col("paid_at").min().alias("purchased_at"))


def _impressions(rows: Raw, orders: pl.DataFrame) -> pl.DataFrame:
    served = _served(rows)
    clicks = _clicks(rows, served)
    first = clicks.sort("clicked_at", "source", "event_id").unique("impression_id", keep="first", maintain_order=True)
    sellers = _frame(rows[raw.PROMPTS]).select("prompt_id", "seller_organization_id")
    is_others = (col("organization_id") != col("seller_organization_id")).fill_null(True)
    joined = (
        served.join(sellers, on="prompt_id")
        .join(first.select("impression_id", "clicked_at", "clicker"), on="impression_id", how="left")
        .join(_purchases(rows, orders, clicks), on="impression_id", how="left")
    )
    return joined.select(
        "impression_id", "receipt_id", "prompt_id", "seller_organization_id", "position", "score", "propensity",
        "is_exploration", (col("is_counted") & is_others).alias("is_counted"),
        col("clicked_at").is_not_null().alias("is_clicked"), "clicked_at", col("clicker").alias("clicked_person_id"),
        col("purchased_at").is_not_null().alias("is_purchased"), "purchased_at", "served_at", "served_date",
        "organization_id", "user_id", "viewer_person_id", "source",
    )  # fmt: skip


def _owners(rows: Raw) -> pl.DataFrame:
    """Whose a device was from when to when: the user's who was last seen on it, before anybody the first's."""
    names = {event["event_name"] for event in rows[raw.EVENTS]} - {"api.requested", "order.refunded"}
    sightings = [
        {"device_id": device, "owner": event["user_id"]}
        | {name: event[name] for name in ("occurred_at", "source", "event_id")}
        for event in _events(rows, *names)
        if event["user_id"]
        for device in (event["device_id"], event["visit_id"])
        if device
    ]
    ordered = _frame(sightings).sort("device_id", "occurred_at", "source", "event_id")
    previous = col("owner").shift(1).over("device_id")
    changes = ordered.filter(previous.is_null() | (previous != col("owner")))
    is_first = col("owner").shift(1).over("device_id").is_null()
    return changes.select(
        "device_id", "owner",
        pl.when(is_first).then(pl.lit(EPOCH)).otherwise(col("occurred_at")).alias("valid_from"),
        col("occurred_at").shift(-1).over("device_id").alias("valid_to"),
    )  # fmt: skip


def _views(rows: Raw) -> pl.DataFrame:
    viewed = _frame([
        {name: event[name] for name in ("source", "event_id", "prompt_id", "user_id", "device_id", "occurred_at")}
        for event in _events(rows, "prompt.viewed")
        if event["is_counted"] and event["prompt_id"]
    ])  # fmt: skip
    owned = viewed.join(_owners(rows), on="device_id").filter(
        (col("occurred_at") >= col("valid_from")) & (col("occurred_at") < col("valid_to")).fill_null(True)
    )
    owners = owned.select("source", "event_id", "owner")
    return viewed.join(owners, on=["source", "event_id"], how="left").select(
        "prompt_id",
        _day("occurred_at").alias("performance_date"),
        pl.coalesce("user_id", "owner", "device_id").alias("who"),
    )


def _checkouts(rows: Raw) -> pl.DataFrame:
    prompts = {order["order_id"]: order["prompt_id"] for order in rows[raw.ORDERS]}
    return _frame([
        {"prompt_id": event["prompt_id"] or prompts.get(event["properties"]["order_id"])}
        | {"performance_date": event["occurred_at"].astimezone(UTC).date()}
        for event in _events(rows, "checkout.started")
        if event["is_counted"]
    ])  # fmt: skip


def _days(rows: Raw, orders: pl.DataFrame, impressions: pl.DataFrame) -> pl.DataFrame:
    listed = _frame(rows[raw.PROMPTS]).select("prompt_id", "currency")
    refunds = _frame(rows[raw.REFUNDS]).filter(col("status") == "succeeded").join(
        orders.select("order_id", "prompt_id", "paid_date"), on="order_id"
    )  # fmt: skip
    of_prompt, of_order = ("prompt_id", "performance_date"), DAY
    parts: list[pl.DataFrame] = [
        impressions.filter("is_counted").rename({"served_date": "performance_date"}).group_by(of_prompt).agg(
            pl.len().alias("impression_count"), col("is_clicked").sum().alias("click_count"),
            col("is_purchased").sum().alias("purchased"),
        ).join(listed, on="prompt_id"),
        _views(rows).group_by(of_prompt).agg(
            pl.len().alias("view_count"), col("who").drop_nulls().n_unique().alias("unique_viewer_count")
        ).join(listed, on="prompt_id"),
        _checkouts(rows).group_by(of_prompt).agg(pl.len().alias("checkout_count")).join(listed, on="prompt_id"),
        orders.rename({"paid_date": "performance_date"}).group_by(of_order).agg(
            pl.len().alias("order_count"), col("gross_amount").sum().alias("gross")
        ),
        refunds.rename({"paid_date": "performance_date"}).with_columns(
            _hundredths(col("amount_cents")).alias("back")
        ).group_by(of_order).agg(pl.len().alias("refund_count"), col("back").sum().alias("refunded")),
    ]  # fmt: skip
    numbers: list[Any] = [col(name).cast(pl.Int64) for name in COUNTS]
    whole = pl.concat(parts, how="diagonal_relaxed").with_columns(numbers).group_by(DAY).agg(col(*COUNTS).sum())
    rate = pl.when(col("click_count") > 0).then(col("purchased") / col("click_count"))
    through = pl.when(col("impression_count") > 0).then(col("click_count") / col("impression_count"))
    return whole.select(
        *DAY, *COUNTS[:2], *COUNTS[3:8], col("gross").alias("gross_revenue_amount"),
        col("refunded").alias("refunded_amount"), (col("gross") - col("refunded")).alias("net_revenue_amount"),
        through.alias("click_through_rate"), rate.alias("conversion_rate"),
    )  # fmt: skip
