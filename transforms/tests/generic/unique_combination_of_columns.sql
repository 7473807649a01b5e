{#- Fails for each combination that more than one row has. -#}
{% test unique_combination_of_columns(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
where {{ has_untested_key(model, columns) }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
