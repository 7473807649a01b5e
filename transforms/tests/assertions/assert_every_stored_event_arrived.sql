{{ config(meta={'dagster': {'ref': {'name': 'stg_events__events'}}}) }}

-- The ledger says how many events each batch stored: so many are here, no more and no fewer. An event may be newer than
-- its batch by one load, because batches are read first.
with ledger as (
    select * from {{ ref('stg_events__event_batches') }}
),

arrived as (
    select
        batch_id,
        count(*) as event_count
    from {{ ref('stg_events__events') }}
    where
        (
            batch_id in (select ledger.batch_id from ledger)
            or _loaded_at < (select max(newest._loaded_at) from ledger as newest)
        )
        and {{ is_untested_batch() }}
    group by batch_id
),

stored as (
    select * from ledger
    where {{ is_untested_batch() }}
)

select
    batch_id,
    stored.stored_count,
    arrived.event_count
from stored
full outer join arrived using (batch_id)
where batch_id is not null and coalesce(stored.stored_count, 0) <> coalesce(arrived.event_count, 0)
