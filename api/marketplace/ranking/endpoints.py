"""`/api/v1/marketplace/rankings`."""

from typing import Annotated

from fastapi import Query

from api.dependencies import ReadSession, Resources, Tracker
from api.errors import ServiceUnavailable
from api.marketplace.ranking import service
from api.marketplace.ranking.schemas import Ranking, RankingQuery
from api.marts_reads import MartsBusy
from api.routing import feature_router

router = feature_router("marketplace", ServiceUnavailable, MartsBusy)


@router.get("/rankings", summary="What is ranked best")
async def rank(
    query: Annotated[RankingQuery, Query()], session: ReadSession, resources: Resources, tracker: Tracker
) -> Ranking:
    """Public. As of the last published run, with what each score is made of."""
    return await service.rank(session, resources.ranking_reads, tracker, query)
