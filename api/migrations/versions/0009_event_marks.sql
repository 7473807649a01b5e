-- What the server notes about an event beside what it says; events stored before have no notes.
alter table raw_events
    -- The share of such events that the sender sends; null is all of them.
    add column sample_rate double precision check (sample_rate > 0 and sample_rate <= 1),
    -- How far the sender's clock was behind the server's, where occurred_at was corrected by it.
    add column clock_offset_ms bigint,
    add column agent text check (agent in ('browser', 'program', 'bot')),
    add column is_own boolean not null default false,
    add column is_staff boolean not null default false;

-- Of large rows the beginning is kept alone.
alter table quarantine add column byte_count bigint;
update quarantine set byte_count = length(raw);
alter table quarantine alter column byte_count set not null;

-- With the constraints, which a partition needs as well.
create or replace function make_event_day(day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    partition_name text := 'd' || to_char(day, 'YYYYMMDD');
    first_moment timestamptz := day::timestamp at time zone 'UTC';
    next_moment timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
    if to_regclass('event_days.' || partition_name) is not null then
        return false;
    end if;
    perform pg_advisory_xact_lock(x'6576656e7464'::bigint);
    -- Asked as a query: what this session remembers of names may be older than the lock.
    if exists (
        select from pg_class where relname = partition_name and relnamespace = 'event_days'::regnamespace
    ) then
        return false;
    end if;
    -- Attaching lets others go on storing; "partition of" would lock them out.
    execute format('create table event_days.%I (like public.raw_events including all)',
        partition_name);
    execute format('alter table public.raw_events attach partition event_days.%I for values from (%L) to (%L)',
        partition_name, first_moment, next_moment);
    return true;
end
$$;
