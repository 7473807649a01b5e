"""What the pages read, kept for the process and its users.

Streamlit's caches are shared by everybody who looks: whatever is of one seller is kept under the seller's organization
and the publication it was read from.
"""

import atexit
from contextlib import ExitStack, suppress

import psycopg
import streamlit as st

from dashboards import data
from warehouse.databases import connect
from warehouse.marts import DateRange, Figure, MartsConnections, Publication
from warehouse.servers import Servers, running_servers
from warehouse.settings import get_settings
from warehouse.tenancy import refuse_power
from warehouse.tenancy.access import user_of

# Long, because figures of one publication never change; not forever, because memory is not free.
KEPT_SECONDS = 3600
HISTORIES_KEPT = 200
PROMPT_LISTS_KEPT = 400
FIGURES_KEPT = 200


@st.cache_resource(show_spinner="Connecting to the warehouse …")
def _servers() -> Servers:
    """The servers, held until the process ends."""
    held = ExitStack()
    servers = held.enter_context(running_servers(get_settings()))
    atexit.register(held.close)
    return servers


@st.cache_resource(show_spinner=False)
def _connections(marts_url: str, _scope_key: bytes) -> MartsConnections:
    return MartsConnections(marts_url, scope_key=_scope_key)


@st.cache_resource(show_spinner=False)
def _refuse_power(marts_url: str, is_given: bool) -> None:
    with connect(marts_url) as connection:
        refuse_power(connection, user_of(marts_url), setting="MARTS_DATABASE_URL", is_given=is_given)


def connections() -> MartsConnections:
    """Connections to the warehouse, as a reader that sees what its scope may.

    Raises what `running_servers` raises, and `RoleRefused` when policies do not bind the reader.
    """
    access = _servers().access
    # Where nobody answers there is nothing to see either, and the read says why; asked until it was answered once.
    with suppress(psycopg.OperationalError):
        _refuse_power(access.marts_url, access.marts_url in access.given)
    return _connections(access.marts_url, access.scope_key)


def ensure_running() -> None:
    """Bring an embedded server that died back to life."""
    _servers().ensure_running()


def publication() -> Publication | None:
    """The current publication: asked anew each time, so that pages show new figures as soon as there are any."""
    return data.find_publication(connections())


@st.cache_data(ttl=KEPT_SECONDS, max_entries=HISTORIES_KEPT, show_spinner="Reading your figures …")
def history(organization_id: str, publication_id: str) -> data.History:
    """See `data.load_history`."""
    return data.load_history(connections(), organization_id=organization_id, publication_id=publication_id)


@st.cache_data(ttl=KEPT_SECONDS, max_entries=PROMPT_LISTS_KEPT, show_spinner="Reading your prompts …")
def prompts(organization_id: str, publication_id: str, days: DateRange, currency: str) -> list[data.PromptLine]:
    """See `data.load_prompts`."""
    return data.load_prompts(
        connections(), organization_id=organization_id, publication_id=publication_id, days=days, currency=currency
    )


@st.cache_data(ttl=KEPT_SECONDS, max_entries=FIGURES_KEPT, show_spinner="Reading your figures …")
def figures(organization_id: str, publication_id: str, days: DateRange) -> list[Figure]:
    """See `data.load_figures`."""
    return data.load_figures(
        connections(), organization_id=organization_id, publication_id=publication_id, days=days
    )  # fmt: skip
