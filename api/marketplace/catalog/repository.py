"""Queries over prompts that are for sale. A page starts from a key, so it costs the same however far down it is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    Float,
    Select,
    Subquery,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from api.marketplace.catalog.schemas import CatalogFilter, Sort
from api.marketplace.serving import Place
from api.models import ListedPrompt, Prompt, PromptStatistics, Seller
from api.pagination import CursorInvalid, read_moment, read_number

Match = Literal["words", "look"]

# At 0.4 a word of eight letters is found with two of them wrong, and most words that only begin alike are not.
LOOK_ALIKE_THRESHOLD = 0.4
# Comparing a title takes some 20 µs. What looks like more titles than this is no misspelt word but half the catalogue.
LOOK_ALIKES_MAX = 1_000
# For the rest of the transaction.
SETTING = text("select set_config(:name, :value, true)")
ENGLISH: ColumnElement[Any] = literal_column("'english'::regconfig")
ORDER_COUNT = func.coalesce(PromptStatistics.order_count, 0)


@dataclass(frozen=True)
class ListedRow:
    """A prompt for sale. `key` is what the list is sorted by."""

    prompt: Prompt
    seller_name: str
    order_count: int
    refund_count: int
    key: Any = None


@dataclass(frozen=True)
class _Order:
    """How a list is sorted: by a column and then by id, in one direction, and how its key is read from a cursor."""

    column: ColumnElement[Any]
    is_descending: bool
    read_key: Callable[[str], Any]
    id: ColumnElement[UUID] = ListedPrompt.id.expression


def _read_score(key: str) -> float:
    score = float(key)
    if not math.isfinite(score):
        raise ValueError("a score that is none")
    return score


_ORDERS: dict[str, _Order] = {
    "newest": _Order(ListedPrompt.published_at.expression, is_descending=True, read_key=read_moment),
    "price_low": _Order(ListedPrompt.price_cents.expression, is_descending=False, read_key=read_number),
    "price_high": _Order(ListedPrompt.price_cents.expression, is_descending=True, read_key=read_number),
}


async def browse(
    session: AsyncSession, wanted: CatalogFilter, sort: Sort, *, after: Place | None, limit: int
) -> list[ListedRow]:
    """A page of what is for sale. Raises `CursorInvalid`."""
    conditions = _conditions(wanted)
    if sort == "popular":
        return await _listed(session, _most_ordered(conditions, after, limit), is_descending=True)
    order = _ORDERS[sort]
    return await _listed(session, _page(order, conditions, after, limit), is_descending=order.is_descending)


async def search(
    session: AsyncSession, wanted: CatalogFilter, q: str, match: Match, *, after: Place | None, limit: int
) -> list[ListedRow]:
    """A page of what fits the words, or of titles that look like them, the best first. Raises `CursorInvalid`."""
    conditions = _conditions(wanted)
    if match == "look":
        return await _look_alikes(session, conditions, q, after=after, limit=limit)
    query = func.websearch_to_tsquery(ENGLISH, q)
    score = cast(func.ts_rank(ListedPrompt.search_vector, query), Float(53))
    order = _Order(score, is_descending=True, read_key=_read_score)
    page = _page(order, [*conditions, ListedPrompt.search_vector.op("@@")(query)], after, limit)
    return await _listed(session, page, is_descending=True)


async def _look_alikes(
    session: AsyncSession, conditions: list[ColumnElement[bool]], q: str, *, after: Place | None, limit: int
) -> list[ListedRow]:
    alike = (
        select(ListedPrompt.id, ListedPrompt.title)
        .where(*conditions, ListedPrompt.title.op("%>")(q))
        .limit(LOOK_ALIKES_MAX)
    )
    found = alike.subquery()
    score = cast(func.word_similarity(q, found.c.title), Float(53))
    order = _Order(score, is_descending=True, read_key=_read_score, id=found.c.id)
    # The planner takes comparing titles for as cheap as comparing numbers, and would rather compare all of them than
    # use the index of their trigrams.
    await session.execute(SETTING, {"name": "pg_trgm.word_similarity_threshold", "value": str(LOOK_ALIKE_THRESHOLD)})
    for name in ("enable_seqscan", "enable_indexscan"):
        await session.execute(SETTING, {"name": name, "value": "off"})
    page = (await session.execute(select(_page(order, [], after, limit)))).all()
    for name in ("enable_seqscan", "enable_indexscan"):
        await session.execute(SETTING, {"name": name, "value": "on"})
    listed = await find_listed(session, [row.id for row in page])
    best_first = sorted(page, key=lambda row: (row.key, row.id), reverse=True)
    return [replace(listed[row.id], key=row.key) for row in best_first if row.id in listed]


async def find_listed(session: AsyncSession, prompt_ids: Sequence[UUID]) -> dict[UUID, ListedRow]:
    """Those of some prompts that are for sale."""
    rows = await session.execute(_prompts().where(Prompt.id.in_(prompt_ids), Prompt.status == "published"))
    return {row[0].id: ListedRow(*row) for row in rows}


async def count_categories(session: AsyncSession) -> Sequence[tuple[str, int]]:
    """Categories of what is for sale, the largest first."""
    number = func.count().label("number")
    wanted = (
        select(ListedPrompt.category, number)
        .where(ListedPrompt.category.is_not(None))
        .group_by(ListedPrompt.category)
        .order_by(number.desc(), ListedPrompt.category)
    )
    return [(str(category), int(count)) for category, count in await session.execute(wanted)]


def _conditions(wanted: CatalogFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.category is not None:
        conditions.append(ListedPrompt.category == wanted.category)
    if wanted.tag is not None:
        conditions.append(ListedPrompt.tags.contains([wanted.tag]))
    if wanted.seller is not None:
        conditions.append(_sold_by(wanted.seller))
    if wanted.min_price_cents is not None:
        conditions.append(ListedPrompt.price_cents >= wanted.min_price_cents)
    if wanted.max_price_cents is not None:
        conditions.append(ListedPrompt.price_cents <= wanted.max_price_cents)
    if wanted.currency is not None:
        conditions.append(ListedPrompt.currency == wanted.currency)
    return conditions


def _sold_by(seller: str) -> ColumnElement[bool]:
    try:
        return ListedPrompt.seller_organization_id == UUID(seller)
    except ValueError:
        named = select(Seller.id).where(Seller.name == seller)
        return ListedPrompt.seller_organization_id.in_(named)


def _page(order: _Order, conditions: list[ColumnElement[bool]], after: Place | None, limit: int) -> Subquery:
    """Ids and keys of a page."""
    place = tuple_(order.column, order.id)
    wanted = select(order.id.label("id"), order.column.label("key")).where(*conditions).limit(limit)
    if after is not None:
        start = tuple_(_key(order.read_key, after), after.id)
        wanted = wanted.where(place < start if order.is_descending else place > start)
    if order.is_descending:
        return wanted.order_by(order.column.desc(), order.id.desc()).subquery()
    return wanted.order_by(order.column, order.id).subquery()


def _most_ordered(conditions: list[ColumnElement[bool]], after: Place | None, limit: int) -> Subquery:
    """Ids and order counts of a page: first what was ordered, by its index, then what nobody ordered, by id."""
    count = _key(int, after) if after is not None else None
    never = (
        select(ListedPrompt.id, literal(0).label("key"))
        .outerjoin(PromptStatistics, PromptStatistics.prompt_id == ListedPrompt.id)
        .where(*conditions, or_(PromptStatistics.order_count.is_(None), PromptStatistics.order_count <= 0))
        .order_by(ListedPrompt.id.desc())
        .limit(limit)
    )
    if after is not None and count is not None and count <= 0:
        return never.where(ListedPrompt.id < after.id).subquery()
    ordered = (
        select(ListedPrompt.id, PromptStatistics.order_count.label("key"))
        .join(PromptStatistics, PromptStatistics.prompt_id == ListedPrompt.id)
        .where(*conditions, PromptStatistics.order_count > 0)
        .order_by(PromptStatistics.order_count.desc(), PromptStatistics.prompt_id.desc())
        .limit(limit)
    )
    if after is not None:
        place = tuple_(PromptStatistics.order_count, PromptStatistics.prompt_id)
        ordered = ordered.where(place < tuple_(count, after.id))
    both = union_all(ordered.subquery().select(), never.subquery().select()).subquery()
    return select(both).order_by(both.c.key.desc(), both.c.id.desc()).limit(limit).subquery()


def _key(read_key: Callable[[str], Any], place: Place) -> Any:
    try:
        return read_key(place.key)
    except ValueError:
        raise CursorInvalid from None


def _prompts() -> Select[Prompt, str, int, int]:
    return (
        select(Prompt, Seller.name, ORDER_COUNT, func.coalesce(PromptStatistics.refund_count, 0))
        .join(Seller, Seller.id == Prompt.seller_organization_id)
        .outerjoin(PromptStatistics, PromptStatistics.prompt_id == Prompt.id)
    )


async def _listed(session: AsyncSession, page: Subquery, *, is_descending: bool) -> list[ListedRow]:
    """The prompts of a page in its order."""
    key, id_ = page.c.key, Prompt.id.expression
    order = (key.desc(), id_.desc()) if is_descending else (key, id_)
    wanted: Select[Any] = _prompts().add_columns(key).join(page, page.c.id == Prompt.id).order_by(*order)
    return [ListedRow(*row) for row in await session.execute(wanted)]
