"""`/api/v1/auth`: the routes of its parts."""

from api.auth.account.endpoints import router as account_router
from api.auth.api_key.endpoints import router as api_key_router
from api.auth.recovery.endpoints import router as recovery_router
from api.auth.second_factor.endpoints import router as second_factor_router
from api.auth.session.endpoints import router as session_router

ROUTERS = (account_router, session_router, recovery_router, second_factor_router, api_key_router)
