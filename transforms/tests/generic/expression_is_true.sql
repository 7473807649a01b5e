{#- Fails for each row in which the expression is false. Unknown (null) passes: say `is not null` where it matters. -#}
{% test expression_is_true(model, expression, column_name=none) %}

select *
from {{ model }}
where not ({{ expression }})

{% endtest %}
