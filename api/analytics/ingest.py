"""Taking in events: durable before the answer, each counted once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import psycopg
import structlog
from fastapi.concurrency import run_in_threadpool

from api.analytics.batch import Batch, Refused, begin_batch
from api.analytics.schemas import EventError, EventsAccepted
from api.auth.identity import Identity
from api.database import DATABASE_DOWN
from api.errors import ServiceUnavailable
from api.lifespan import Resources
from warehouse.databases import connect
from warehouse.events import Agent
from warehouse.journal import (
    JournalFull,
    JournalUnavailable,
    Known,
    Rejected,
    StoreReport,
    quarantine,
    record_batch,
)

logger = structlog.get_logger(__name__)

QUARANTINE_ORIGIN = "api"
# Read in the event loop as far as it is plain: a few milliseconds, and handing them to a thread takes longer, because
# the two then wait for each other's turn in the interpreter.
AT_ONCE_MAX_BYTES = 256 * 1024


async def accept_events(resources: Resources, user: Identity, body: bytes, *, agent: Agent | None) -> EventsAccepted:
    """Take in the events of a body.

    Raises `BodyMalformed`, `EventBatchMalformed`, `EventBatchTooLarge`, or `ServiceUnavailable`, and then nothing was
    accepted and sending the same again is right.
    """
    batch = await _read(resources, user, body, agent)
    await _refuse_unknown_prompts(resources, user, batch)
    duplicates = await _append(resources, batch)
    return EventsAccepted(
        accepted=len(batch.events),
        duplicates=duplicates,
        quarantined=len(batch.refused),
        errors=[
            EventError(index=each.index, reason=each.reason, detail=each.detail)
            for each in sorted(batch.refused, key=lambda each: each.index)
        ],
    )


async def _read(resources: Resources, user: Identity, body: bytes, agent: Agent | None) -> Batch:
    begin = partial(
        begin_batch,
        body,
        user,
        received_at=datetime.now(UTC),
        max_events=resources.settings.event_batch_max_events,
        agent=agent,
    )
    begun = begin() if len(body) <= AT_ONCE_MAX_BYTES else await run_in_threadpool(begin)
    batch = begun.batch
    return await run_in_threadpool(begun.finish) if batch is None else batch


async def _refuse_unknown_prompts(resources: Resources, user: Identity, batch: Batch) -> None:
    """Refuse events about prompts the sender can't know of. With the database down they pass: storing looks again."""
    named = {event.prompt_id for event in batch.events.values() if event.prompt_id is not None}
    if not named:
        return
    try:
        known = await resources.known_prompts.find(resources.database, named, user.organization_id)
    except DATABASE_DOWN as error:
        logger.warning("prompts_not_checked", error=str(error))
        return
    if len(known) == len(named):
        return
    for index, event in list(batch.events.items()):
        if event.prompt_id is not None and event.prompt_id not in known:
            batch.refuse(index, "prompt_unknown", f"no prompt has the id {UUID(bytes=event.prompt_id)}")


async def _append(resources: Resources, batch: Batch) -> int:
    """Put the events into the journal, but for those that are known; how many were left out as known.

    Events that give a known id another payload are refused. What is refused is kept before anything is appended.
    """
    journal = resources.journal
    kept = 0
    duplicates = _leave_out(batch, await journal.find_stored(list(batch.events.values())))
    while True:
        await _keep_refused(resources, batch.refused[kept:])
        kept = len(batch.refused)
        try:
            known = await journal.append_new(list(batch.events.values()), duplicates=duplicates)
        except JournalUnavailable as error:
            logger.error("events_not_accepted", count=len(batch.events), error=str(error))
            raise ServiceUnavailable(_refusal(error)) from error
        if not known:
            return duplicates
        # Accepted a moment ago, or by another request at the same time.
        duplicates += _leave_out(batch, known)


def _refusal(error: JournalUnavailable) -> str:
    if isinstance(error, JournalFull):
        return "Too many events wait to be stored. None of these was taken: send them later."
    return "Events can't be taken just now. None of these was: send the same again."


def _leave_out(batch: Batch, known: Known) -> int:
    """Take the known events out of a batch; how many said what was said before. The others are refused."""
    indexes = list(batch.events)
    for i in known.duplicates:
        del batch.events[indexes[i]]
    for i in sorted(known.reused):
        event = batch.events[indexes[i]]
        detail = f"event_id {event.event_id} of {event.source} was sent before with another payload"
        batch.refuse(indexes[i], "event_id_reused", detail)
    return len(known.duplicates)


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
