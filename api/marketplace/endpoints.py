"""`/api/v1/marketplace`: the routes of its parts."""

from api.marketplace.catalog.endpoints import router as catalog_router
from api.marketplace.order.endpoints import router as order_router
from api.marketplace.ranking.endpoints import router as ranking_router
from api.marketplace.review.endpoints import router as review_router

ROUTERS = (catalog_router, ranking_router, order_router, review_router)
