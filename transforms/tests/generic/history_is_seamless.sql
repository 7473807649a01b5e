{#-
    Fails for each row of a history after which there is a gap or an overlap, and for each entity whose last row is not
    the one and only current row. Ranges are half-open: a row ends where the next one begins.
-#}
{% test history_is_seamless(model, entity, number) %}

with compared as (
    select
        *,
        lead(valid_from) over (partition by {{ entity }} order by {{ number }}) as expected_valid_to,
        row_number() over (partition by {{ entity }} order by {{ number }} desc) as number_from_last
    from {{ model }}
)

select * from compared
where valid_to is distinct from expected_valid_to or is_current <> (number_from_last = 1)

{% endtest %}
