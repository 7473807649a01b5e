"""`/api/v1/marketplace`: the routes of its parts."""

from api.marketplace.order.endpoints import router as order_router

ROUTERS = (order_router,)
