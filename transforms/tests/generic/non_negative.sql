{#- Fails for each row in which one of the columns is below zero. -#}
{% test non_negative(model, columns) %}

select *
from {{ model }}
where least({{ columns | join(', ') }}) < 0

{% endtest %}
