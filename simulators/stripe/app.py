"""The simulator as an ASGI application."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from simulators.stripe import control
from simulators.stripe.call import Call
from simulators.stripe.config import SimulatorConfig
from simulators.stripe.error import JsonObject, UrlUnrecognized
from simulators.stripe.gateway import Gateway
from simulators.stripe.kind import Handler
from simulators.stripe.resources import RESOURCES
from simulators.stripe.simulator import Simulator

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(config: SimulatorConfig) -> FastAPI:
    """Compose a simulator. Raises ``DataFileUnusable`` when its data file cannot be opened."""
    simulator = Simulator(config)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with simulator.running():
            yield

    app = FastAPI(title="Stripe simulator", description=control.__doc__ or "", lifespan=lifespan)
    app.state.simulator = simulator
    app.include_router(control.router)
    for resource in RESOURCES:
        for route in resource.routes:
            app.add_route(route.path, _endpoint(simulator.gateway, route.handler), methods=[route.method])
    # Last, so that it only gets what no endpoint takes, a known path with another method included.
    app.add_route("/v1/{rest:path}", _endpoint(simulator.gateway, _refuse_unknown), methods=METHODS)
    return app


def _endpoint(gateway: Gateway, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        return await gateway.respond(request, handler)

    return respond


def _refuse_unknown(call: Call) -> JsonObject:
    raise UrlUnrecognized(call.method, call.path)
