"""What must agree before anything is built: the events that arrived with the ledger of those that were stored."""

from orchestration.checks.reconciliation import Reconciliation

# An event may be newer than its batch by one load, because batches are read first: those wait for the next run.
EVENTS_LEDGER = Reconciliation(
    schema="raw_events",
    table="events",
    name="events_reconciles_with_event_batches",
    description="Of every batch, as many events as the ledger says were stored: none lost, none gained.",
    # Batches of which anything came.
    scope="""
        select batch_id from raw_events.event_batches where _loaded_at > {loaded_through}
        union
        select batch_id from raw_events.events where _loaded_at > {loaded_through} and batch_id is not null
    """,
    expected="""
        select batch_id, stored_count as event_count
        from raw_events.event_batches
        where stored_count > 0 and {batch_id in scope}
    """,
    found="""
        select batch_id, count(*) as event_count
        from raw_events.events
        where {batch_id in scope}
            and (
                batch_id in (select batch_id from raw_events.event_batches)
                or _loaded_at < (select max(_loaded_at) from raw_events.event_batches)
            )
        group by batch_id
        having batch_id is not null
    """,
    key=("batch_id",),
    measures=("event_count",),
)

EVENT_RECONCILIATIONS = (EVENTS_LEDGER,)
