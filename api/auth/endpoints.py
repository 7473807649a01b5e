"""`/api/v1/auth`: the routes of its parts."""

from api.auth.account.endpoints import router as account_router
from api.auth.api_key.endpoints import router as api_key_router
from api.auth.session.endpoints import router as session_router

ROUTERS = (account_router, session_router, api_key_router)
