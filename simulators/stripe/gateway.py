"""The way of every API request: key, faults, idempotency, endpoint, answer."""

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.stripe.call import Call
from simulators.stripe.database import Database
from simulators.stripe.error import (
    ApiError,
    ApiKeyInvalid,
    InvalidParameter,
    JsonObject,
    RateLimited,
    ServerFailed,
    ServerUnavailable,
)
from simulators.stripe.event_log import API_VERSION, EventLog, Origin
from simulators.stripe.expand import Expander
from simulators.stripe.fault import FaultBox
from simulators.stripe.form import Pairs, nest, read_pairs
from simulators.stripe.idempotency import IdempotencyStore, KeyedRequest, StoredAnswer
from simulators.stripe.identifier import new_id
from simulators.stripe.kind import Handler
from simulators.stripe.object_store import ObjectStore
from simulators.stripe.parameter import Parameters, Texts, parse

logger = logging.getLogger(__name__)

DROP_CONNECTION = "simulator.drop_connection"
"""ASGI extension of our server; its ``close`` closes the connection without an answer."""

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """An answer before it becomes an HTTP response."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: JsonObject, status: int = 200) -> "Answer":
        """An answer with a JSON body, printed as Stripe prints it."""
        return cls(status, json.dumps(body, indent=2, ensure_ascii=False).encode())


class ExpandParameters(Parameters):
    """What every endpoint accepts besides its own parameters."""

    expand: Texts | None = None


class ConnectionDropped(Response):
    """No answer at all: the client sees its connection closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection, and wait until the server knows it is gone."""
        extensions: MutableMapping[str, Any] = scope.get("extensions") or {}
        drop: Callable[[], None] | None = extensions.get(DROP_CONNECTION, {}).get("close")
        if drop is None:
            # Another server than ours: it closes a connection on which less was sent than announced.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            return
        drop()
        while (await receive())["type"] != "http.disconnect":
            continue


class Gateway:
    """Answers API requests one after another, each in one transaction.

    Endpoints run on the event loop without waiting for anything, so two requests never interleave in the database.
    """

    def __init__(
        self,
        *,
        database: Database,
        objects: ObjectStore,
        events: EventLog,
        faults: FaultBox,
        expander: Expander,
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._objects = objects
        self._events = events
        self._faults = faults
        self._expander = expander
        self._on_change = on_change
        self._idempotency = IdempotencyStore(database)

    async def respond(self, request: Request, handler: Handler) -> Response:
        """Answer one request with an endpoint, as Stripe would or as the faults in force say."""
        request_id = new_id("req", 14)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        try:
            self._fail_if_told()
            authenticate(request.headers.get("authorization"))
            answer = await self._answer(request, handler, Origin(request_id, key))
        except ApiError as error:
            answer = Answer.of(error.body(), error.status)
        except Exception:
            logger.exception("%s %s failed in the simulator itself (%s)", request.method, request.url.path, request_id)
            answer = Answer.of(ServerFailed("The simulator failed; its log has the reason.").body(), 500)
        if self._faults.take("drop_connection_next"):
            return ConnectionDropped()
        headers = {"request-id": request_id, "stripe-version": API_VERSION, **answer.headers}
        if key:
            headers["idempotency-key"] = key
        return Response(answer.body, answer.status, headers, media_type="application/json")

    def _fail_if_told(self) -> None:
        status = self._faults.current.fail_status
        if not self._faults.take("fail_next"):
            return
        if status == 429:
            raise RateLimited
        raise (ServerUnavailable if status == 503 else ServerFailed)("An unknown error occurred (fault on demand).")

    async def _answer(self, request: Request, handler: Handler, origin: Origin) -> Answer:
        pairs = await _read(request)
        params = nest(pairs)
        wanted = parse(ExpandParameters, {"expand": params.pop("expand")} if "expand" in params else {})
        call = Call(
            method=request.method,
            path=request.url.path,
            params=params,
            objects=self._objects,
            events=self._events,
            origin=origin,
            id=request.path_params.get("id", ""),
        )

        def run() -> Answer:
            return self._run(handler, call, wanted.expand or [])

        if origin.idempotency_key:
            keyed = KeyedRequest.of(origin.idempotency_key, call.method, call.path, pairs)
            return await self._answer_once(keyed, run, request_id=str(origin.request_id))
        await self._wait()
        with self._database.transaction():
            answer = run()
        self._on_change()
        return answer

    async def _answer_once(self, keyed: KeyedRequest, run: Callable[[], Answer], *, request_id: str) -> Answer:
        stored = self._idempotency.find(keyed)
        if stored is not None:
            await self._wait()
            return _replayed(stored)
        with self._idempotency.claim(keyed.key):
            await self._wait()
            answer = self._run_and_keep(keyed, run, request_id=request_id)
        self._on_change()
        return replace(answer, headers={"original-request": request_id})

    def _run_and_keep(self, keyed: KeyedRequest, run: Callable[[], Answer], *, request_id: str) -> Answer:
        try:
            with self._database.transaction():
                answer = run()
                self._idempotency.keep(keyed, StoredAnswer(request_id, answer.status, answer.body))
        except ApiError as error:
            if not error.is_stored:
                raise
            answer = Answer.of(error.body(), error.status)
            self._idempotency.keep(keyed, StoredAnswer(request_id, answer.status, answer.body))
        return answer

    def _run(self, handler: Handler, call: Call, expand: list[str]) -> Answer:
        """Call the endpoint. An error that keeps its changes is an answer like any other; the rest undo them."""
        try:
            body = handler(call)
            self._expander.expand(body, expand)
            return Answer.of(body)
        except ApiError as error:
            if not error.keeps_changes:
                raise
            return Answer.of(error.body(), error.status)

    async def _wait(self) -> None:
        if self._faults.current.latency_ms:
            await asyncio.sleep(self._faults.current.latency_ms / 1000)


async def _read(request: Request) -> Pairs:
    pairs = read_pairs(request.scope["query_string"])
    body = await request.body()
    content_type = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if body and content_type != _FORM:
        raise InvalidParameter(f"Invalid request: send the body as {_FORM}, not as {content_type}.")
    return pairs + read_pairs(body)


def _replayed(stored: StoredAnswer) -> Answer:
    headers = {"idempotent-replayed": "true", "original-request": stored.request_id}
    return Answer(stored.status, stored.body, headers)


def authenticate(authorization: str | None) -> None:
    """Accept any test key, as a bearer token or as the user of basic authentication.

    A live key is refused, so that one is never sent here unnoticed.
    """
    scheme, _, credential = (authorization or "").partition(" ")
    key = credential.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if not key or scheme.lower() not in {"bearer", "basic"}:
        raise ApiKeyInvalid(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if not key.startswith(("sk_test_", "rk_test_")):
        raise ApiKeyInvalid(f"Invalid API Key provided: {key[:7]}***. The simulator takes sk_test_ and rk_test_ keys.")
