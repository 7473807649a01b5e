"""`/api/v1/marketplace`: browse, search, categories."""

from typing import Annotated

from fastapi import Query

from api.dependencies import ReadSession, Tracker
from api.marketplace.catalog import service
from api.marketplace.catalog.schemas import BrowseQuery, CategoryCount, SearchQuery, ServedPage
from api.routing import feature_router
from api.schema import Page

router = feature_router("marketplace")


@router.get("/browse", summary="What is for sale")
async def browse(query: Annotated[BrowseQuery, Query()], session: ReadSession, tracker: Tracker) -> ServedPage:
    """Public. Sorted by publication, price, or number of orders."""
    return await service.browse(session, tracker, query)


@router.get("/search", summary="Search what is for sale")
async def search(query: Annotated[SearchQuery, Query()], session: ReadSession, tracker: Tracker) -> ServedPage:
    """Public. The best fit comes first."""
    return await service.search(session, tracker, query)


@router.get("/categories", summary="Categories")
async def list_categories(session: ReadSession) -> Page[CategoryCount]:
    """Public. All of them on one page."""
    return await service.list_categories(session)
