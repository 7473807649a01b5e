-- The ledger says how many events each batch stored: so many are here, no more and no fewer. An event may be newer than
-- its batch by one load, because batches are read first.
with arrived as (
    select
        batch_id,
        count(*) as event_count
    from {{ ref('stg_events__events') }}
    where
        batch_id in (select event_batches.batch_id from {{ ref('stg_events__event_batches') }} as event_batches)
        or _loaded_at < (select max(newest._loaded_at) from {{ ref('stg_events__event_batches') }} as newest)
    group by batch_id
)

select
    batch_id,
    event_batches.stored_count,
    arrived.event_count
from {{ ref('stg_events__event_batches') }} as event_batches
full outer join arrived using (batch_id)
where batch_id is not null and coalesce(event_batches.stored_count, 0) <> coalesce(arrived.event_count, 0)
