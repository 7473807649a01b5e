-- Every event is one of the catalogue or of the form object.past_verb. Looks at what came lately: what was fine once
-- stays so.
select
    source,
    event_id,
    event_name
from {{ ref('stg_events__events') }}
where
    _loaded_at > current_timestamp - interval '2 days'
    and event_name not in ('{{ known_event_names() | join("', '") }}')
    and not {{ matches('event_name', event_name_pattern()) }}
