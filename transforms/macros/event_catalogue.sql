{#- Made from warehouse/events.py by `make docs`; edit there. -#}
{% macro known_event_names() %}
    {{ return([
        'results.served',
        'search.performed',
        'category.browsed',
        'prompt.clicked',
        'prompt.viewed',
        'trial.completed',
        'checkout.started',
        'order.paid',
        'order.refunded',
        'prompt.rendered',
        'prompt.executed',
        'review.submitted',
        'api.requested',
    ]) }}
{% endmacro %}

{% macro event_name_pattern() %}
    {{ return("^[a-z][a-z0-9_]{0,62}\\.[a-z][a-z0-9_]{0,62}$") }}
{% endmacro %}
