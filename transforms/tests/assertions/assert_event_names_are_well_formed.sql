-- Every event is one of the catalogue or of the form object.past_verb.
select
    source,
    event_id,
    event_name
from {{ ref('stg_events__events') }}
where
    {{ is_untested('_loaded_at') }}
    and event_name not in ('{{ known_event_names() | join("', '") }}')
    and not {{ matches('event_name', event_name_pattern()) }}
