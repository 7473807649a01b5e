-- Every event is one of the catalogue or of the form object.past_verb.
select
    source,
    event_id,
    event_name
from {{ ref('stg_events__events') }}
where
    {{ is_untested('_loaded_at') }}
    -- In this order: most names are known, and a pattern costs more to compare.
    and case
        when event_name in ('{{ known_event_names() | join("', '") }}') then false
        else not {{ matches('event_name', event_name_pattern()) }}
    end
