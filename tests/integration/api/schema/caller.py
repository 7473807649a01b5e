"""Sends generated requests as people who may do something, about things that exist."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID
from zlib import crc32

import httpx
import requests
from schemathesis import Case
from schemathesis.core.transport import Response

from tests.integration.api.access.world import World

# Nobody's request keeps the credentials that were generated for it.
NOBODY = "nobody"
PEOPLE = ("shop", "shop", "customer", "customer", "admin", "buyer", "seller", NOBODY)
SUBJECTS = ("draft", "published", "archived", "order")
# Of these many newest rows of a table one is asked for.
CHOICE = 12
TIMEOUT_SECONDS = 30


class Callers:
    """The people of a world. Who asks, and for what, follows from the request alone: a run can be repeated."""

    def __init__(self, api_url: str, world: World) -> None:
        self._url = api_url
        self._world = world
        self._session = requests.Session()
        self._session.trust_env = False
        self._client = httpx.Client(base_url=api_url, timeout=TIMEOUT_SECONDS, trust_env=False)
        self._headers: dict[str, Mapping[str, str]] = {}
        self._ids: dict[str, Sequence[str]] = {}

    def __enter__(self) -> "Callers":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._client.close()

    def refresh(self) -> None:
        """Undo what requests did to people and log-ins, and make new things."""
        self._headers.clear()
        self._world.revive_people()
        self._ids.clear()
        for subject in SUBJECTS:
            self._world.make_subject(subject)

    def call(self, case: Case) -> Response:
        """The answer to a case, sent by one of the people about what exists."""
        seed = crc32(
            repr((case.method, case.path_parameters, case.query, case.body)).encode("utf-8", "backslashreplace")
        )
        self._use_known_ids(case.path_parameters, seed)
        self._use_known_ids(case.body, seed)
        if seed % 8:
            # The same few keys would come again and again, and mostly with another request.
            case.headers.pop("Idempotency-Key", None)
        name = PEOPLE[seed % len(PEOPLE)]
        answer = case.call(self._url, self._session, dict(self._log_in(name)), timeout=TIMEOUT_SECONDS)
        if answer.status_code == 401:
            self._headers.pop(name, None)
        return answer

    def _log_in(self, name: str) -> Mapping[str, str]:
        if name == NOBODY:
            return {}
        if name not in self._headers:
            self._world.revive_people()
            self._headers[name] = self._world.log_in(self._client, name)
        return self._headers[name]

    def _use_known_ids(self, values: Any, seed: int) -> None:
        """Put ids of rows in the place of well-formed ones, three times of four."""
        if not isinstance(values, dict) or seed % 4 == 3:
            return
        for name, value in values.items():
            if name.endswith("_id") and _is_id(value) and (known := self._known(name)):
                values[name] = known[seed // 4 % len(known)]

    def _known(self, name: str) -> Sequence[str]:
        if name not in self._ids:
            self._ids[name] = self._world.newest_ids(f"{name.removesuffix('_id')}s", CHOICE)
        return self._ids[name]


def _is_id(value: Any) -> bool:
    try:
        return bool(UUID(value))
    except (ValueError, AttributeError, TypeError):
        return False
