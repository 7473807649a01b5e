{#- dbt's own test, which would always count the keys of the whole table. -#}
{% test unique(model, column_name) %}

select
    {{ column_name }} as unique_field,
    count(*) as n_records
from {{ model }}
where {{ column_name }} is not null and {{ has_untested_key(model, [column_name]) }}
group by {{ column_name }}
having count(*) > 1

{% endtest %}
