"""Taking in events: durable before the answer, each counted once."""

from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
import structlog
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import OperationalError

from api.analytics import repository
from api.analytics.batch import Batch, Refused, read_batch
from api.analytics.schemas import EventError, EventsAccepted
from api.auth.identity import Identity
from api.errors import ServiceUnavailable
from api.lifespan import Resources
from api.tenancy import PLATFORM
from warehouse.databases import connect
from warehouse.events import Agent
from warehouse.journal import (
    Fingerprint,
    JournalFull,
    JournalUnavailable,
    Rejected,
    StoreReport,
    quarantine,
    record_batch,
)

logger = structlog.get_logger(__name__)

QUARANTINE_ORIGIN = "api"


async def accept_events(resources: Resources, user: Identity, body: bytes, *, agent: Agent | None) -> EventsAccepted:
    """Take in the events of a body.

    Raises `BodyMalformed`, `EventBatchMalformed`, `EventBatchTooLarge`, or `ServiceUnavailable`, and then nothing was
    accepted and sending the same again is right.
    """
    batch = await run_in_threadpool(
        read_batch,
        body,
        user,
        received_at=datetime.now(UTC),
        max_events=resources.settings.event_batch_max_events,
        agent=agent,
    )
    await _refuse_unknown_prompts(resources, user, batch)
    duplicates, fingerprints = await _leave_out_known(resources, batch)
    await _keep_refused(resources, batch.refused)
    fresh = list(batch.events.values())
    try:
        await resources.journal.append(fresh, duplicates=duplicates, fingerprints=fingerprints)
    except JournalFull as error:
        logger.error("events_not_accepted", count=len(fresh), error=str(error))
        raise ServiceUnavailable(
            "Too many events wait to be stored. None of these was taken: send them later."
        ) from error
    except JournalUnavailable as error:
        logger.error("events_not_accepted", count=len(fresh), error=str(error))
        raise ServiceUnavailable("Events can't be taken just now. None of these was: send the same again.") from error
    return EventsAccepted(
        accepted=len(fresh),
        duplicates=duplicates,
        quarantined=len(batch.refused),
        errors=[
            EventError(index=each.index, reason=each.reason, detail=each.detail)
            for each in sorted(batch.refused, key=lambda each: each.index)
        ],
    )


async def _refuse_unknown_prompts(resources: Resources, user: Identity, batch: Batch) -> None:
    """Refuse events about prompts the sender can't know of. With the database down they pass: storing looks again."""
    named = {event.prompt_id for event in batch.events.values() if event.prompt_id is not None}
    if not named:
        return
    try:
        async with resources.database.reading(PLATFORM) as session:
            known = await repository.find_known_prompts(session, named, user.organization_id)
    except OperationalError as error:
        logger.warning("prompts_not_checked", error=str(error))
        return
    for index, event in list(batch.events.items()):
        if event.prompt_id is not None and event.prompt_id not in known:
            batch.refuse(index, "prompt_unknown", f"no prompt has the id {event.prompt_id}")


async def _leave_out_known(resources: Resources, batch: Batch) -> tuple[int, list[Fingerprint]]:
    """Leave out events accepted before; refuse those that give a known id another payload.

    How many were left out, and what those that stay are known by.
    """
    indexes, events = list(batch.events), list(batch.events.values())
    known = await resources.journal.find_known(events)
    for i in known.duplicates:
        del batch.events[indexes[i]]
    for i in known.reused:
        batch.refuse(
            indexes[i],
            "event_id_reused",
            f"event_id {events[i].event_id} of {events[i].source} was sent before with another payload",
        )
    left_out = known.duplicates | known.reused
    return len(known.duplicates), [each for i, each in enumerate(known.fingerprints) if i not in left_out]


async def _keep_refused(resources: Resources, refused: Sequence[Refused]) -> None:
    if not refused:
        return
    rows = [Rejected("events", QUARANTINE_ORIGIN, each.raw, each.reason, each.detail) for each in refused]
    try:
        await run_in_threadpool(_quarantine, resources.servers.access.platform_url, rows)
    except psycopg.OperationalError as error:
        logger.error("events_not_quarantined", count=len(rows), error=str(error))
        raise ServiceUnavailable("Events can't be taken just now. None of these was: send the same again.") from error


def _quarantine(platform_url: str, rows: Sequence[Rejected]) -> None:
    with connect(platform_url) as connection:
        quarantine(connection, rows)
        report = StoreReport(received=len(rows), quarantined=len(rows))
        record_batch(connection, report, origin=QUARANTINE_ORIGIN)
