"""Browsing and searching, and the events they leave."""

from datetime import datetime
from typing import Any, get_args

from api.database import AsyncReadSession
from api.marketplace.catalog import repository
from api.marketplace.catalog.repository import ListedRow, Match
from api.marketplace.catalog.schemas import (
    BrowseQuery,
    CategoryCount,
    ListedPrompt,
    SearchQuery,
    ServedPage,
    Statistics,
)
from api.marketplace.serving import Place, decode_place, encode_place, record_served
from api.pagination import CursorInvalid
from api.schema import Page
from api.tracker import Tracker


async def browse(session: AsyncReadSession, tracker: Tracker, query: BrowseQuery) -> ServedPage:
    """What is for sale, as filtered and sorted. Raises `CursorInvalid`."""
    order, after = decode_place(query.cursor) if query.cursor else (query.sort, None)
    if order != query.sort:
        raise CursorInvalid
    rows = await repository.browse(session, query, query.sort, after=after, limit=query.limit + 1)
    items = [list_prompt(row, position) for position, row in _positions(rows[: query.limit], after)]
    receipt_id = record_served(tracker, "browse", items, sort=query.sort, filters=query.wanted())
    if query.category is not None and after is None:
        tracker.record("category.browsed", {"category": query.category})
    return ServedPage(items=items, next_cursor=_next(query.sort, rows, items), receipt_id=receipt_id)


async def search(session: AsyncReadSession, tracker: Tracker, query: SearchQuery) -> ServedPage:
    """What fits the words, the best first; where nothing does, titles that look like them. Raises `CursorInvalid`."""
    match, after = _search_place(query.cursor)
    rows = await repository.search(session, query, query.q, match, after=after, limit=query.limit + 1)
    if not rows and after is None:
        match = "look"
        rows = await repository.search(session, query, query.q, match, after=None, limit=query.limit + 1)
    items = [list_prompt(row, position, score=row.key) for position, row in _positions(rows[: query.limit], after)]
    receipt_id = record_served(tracker, "search", items, query=query.q, match=match, filters=query.wanted())
    if after is None:
        found = {"query": query.q, "filters": query.wanted(), "result_count": len(items)}
        tracker.record("search.performed", found)
    return ServedPage(items=items, next_cursor=_next(match, rows, items), receipt_id=receipt_id)


async def list_categories(session: AsyncReadSession) -> Page[CategoryCount]:
    """All categories with something for sale, the largest first."""
    counts = await repository.count_categories(session)
    items = [CategoryCount(category=category, prompt_count=count) for category, count in counts]
    return Page(items=items, next_cursor=None)


def list_prompt(row: ListedRow, position: int, *, score: float | None = None) -> ListedPrompt:
    """A prompt as an item of a list."""
    prompt = row.prompt
    assert prompt.published_at is not None, f"a published prompt has a date: {prompt.id}"
    return ListedPrompt(
        id=prompt.id,
        prompt_id=prompt.id,
        position=position,
        title=prompt.title,
        description=prompt.description,
        category=prompt.category,
        tags=prompt.tags,
        price_cents=prompt.price_cents,
        currency=prompt.currency,
        model=prompt.model,
        current_version=prompt.current_version,
        seller_organization_id=prompt.seller_organization_id,
        seller_name=row.seller_name,
        published_at=prompt.published_at,
        statistics=Statistics(order_count=row.order_count, refund_count=row.refund_count),
        score=score,
    )


def _search_place(cursor: str | None) -> tuple[Match, Place | None]:
    if cursor is None:
        return "words", None
    order, after = decode_place(cursor)
    for match in get_args(Match):
        if order == match:
            return match, after
    raise CursorInvalid


def _positions(rows: list[ListedRow], after: Place | None) -> list[tuple[int, ListedRow]]:
    return list(enumerate(rows, start=after.position + 1 if after else 1))


def _next(order: str, rows: list[ListedRow], items: list[ListedPrompt]) -> str | None:
    """The cursor behind the last item, if there is more than was shown."""
    if len(rows) == len(items):
        return None
    last = rows[len(items) - 1]
    return encode_place(order, Place(_key_text(last.key), last.prompt.id, items[-1].position))


def _key_text(key: Any) -> str:
    """A key such that it reads back as exactly the same."""
    return key.isoformat() if isinstance(key, datetime) else repr(key)
