"""Serving rankings: places from the marts, what is for sale and at which price from the application database."""

from dataclasses import dataclass
from uuid import UUID

from api.database import AsyncReadSession
from api.marketplace.catalog.repository import ListedRow, find_listed
from api.marketplace.catalog.service import list_prompt
from api.marketplace.ranking.schemas import Contribution, RankedPrompt, Ranking, RankingQuery
from api.marketplace.serving import Place, decode_place, encode_place, record_served
from api.marts_reads import MartsReads
from api.pagination import CursorInvalid, read_number
from api.tracker import Tracker
from ranking.explanation import explain
from warehouse.marts import MartsConnections, Publication, read_marts
from warehouse.marts import RankedPrompt as RankedRow
from warehouse.marts.reader import ALL_SEGMENT

# So many prompts may have gone off the market since the publication before a page gets shorter than asked for.
SPARE_PLACES = 20


@dataclass(frozen=True)
class _Places:
    """Places of a ranking from one publication, and whether there are more below them."""

    publication: Publication | None
    rows: list[RankedRow]
    has_more: bool


async def rank(session: AsyncReadSession, reads: MartsReads, tracker: Tracker, query: RankingQuery) -> Ranking:
    """A page of a ranking. Raises `CursorInvalid`, `MartsBusy` and `MartsUnavailable`.

    When another run is published between two pages, the second goes on at the same rank of the new ranking.
    """
    segment = query.category or ALL_SEGMENT
    order = f"{query.surface}/{segment}"
    after = _place(query.cursor, order)
    places = await reads.run(
        _read_places, query.surface, segment, int(after.key) if after else 0, query.limit + SPARE_PLACES
    )
    listed = await find_listed(session, [UUID(row.prompt_id) for row in places.rows])
    for_sale = [row for row in places.rows if UUID(row.prompt_id) in listed]
    first = after.position + 1 if after else 1
    items = [
        _item(row, listed[UUID(row.prompt_id)], position)
        for position, row in enumerate(for_sale[: query.limit], start=first)
    ]
    publication = places.publication
    policy_version = publication.policy_version if publication else None
    publication_id = publication.publication_id if publication else None
    receipt_id = record_served(
        tracker, query.surface, items, policy_version=policy_version, publication_id=publication_id, segment=segment
    )
    return Ranking(
        items=items,
        next_cursor=_next(order, places, for_sale, items, start=first),
        surface=query.surface,
        category=query.category,
        as_of=publication.as_of if publication else None,
        publication_id=publication_id,
        policy_version=policy_version,
        receipt_id=receipt_id,
    )


def _read_places(connections: MartsConnections, surface: str, segment: str, after_rank: int, limit: int) -> _Places:
    with read_marts(connections) as marts:
        rows = marts.ranking(surface, segment, after_rank=after_rank, limit=limit + 1)
        return _Places(marts.publication, rows[:limit], has_more=len(rows) > limit)


def _place(cursor: str | None, order: str) -> Place | None:
    if cursor is None:
        return None
    found, place = decode_place(cursor)
    if found != order:
        raise CursorInvalid
    read_number(place.key)
    return place


def _next(
    order: str, places: _Places, for_sale: list[RankedRow], items: list[RankedPrompt], *, start: int
) -> str | None:
    """The cursor behind what was shown; behind all that was read, if a page could not be filled from it."""
    if len(for_sale) > len(items):
        last = items[-1]
        return encode_place(order, Place(str(last.rank), last.id, last.position))
    if not places.has_more:
        return None
    bottom = places.rows[-1]
    return encode_place(order, Place(str(bottom.rank), UUID(bottom.prompt_id), start + len(items) - 1))


def _item(row: RankedRow, listed: ListedRow, position: int) -> RankedPrompt:
    return RankedPrompt(
        **list_prompt(listed, position, score=row.score).model_dump(),
        rank=row.rank,
        contributions=[Contribution.model_validate(part) for part in row.contributions],
        explanation=explain(row.contributions),
    )
