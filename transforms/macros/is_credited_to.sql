{#-
    Whether an order may be owed to a click of its buyer on the prompt: it came in the 7 days before the order was paid. In
    hours: seven days across a change of the clock are not as long in every time zone.
-#}
{% macro is_credited_to(order, click) -%}
    {{ order }}.prompt_id = {{ click }}.prompt_id
    and {{ order }}.buyer_user_id = {{ click }}.user_id
    and {{ order }}.paid_at >= {{ click }}.clicked_at
    and {{ order }}.paid_at <= {{ click }}.clicked_at + interval '168 hours'
{%- endmacro %}
