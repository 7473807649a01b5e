{#-
    An amount in a currency's main unit from an integer in its minor unit. The currencies without a minor unit are those
    Stripe charges in whole units. Multiplied, not divided: decimal multiplication is exact in every engine.
-#}
{% macro amount(cents, currency) -%}
    cast(
        case
            when {{ currency }} in ('{{ zero_decimal_currencies() | join("', '") }}') then {{ cents }}
            else {{ cents }} * 0.01
        end as numeric(18, 2)
    )
{%- endmacro %}

{% macro zero_decimal_currencies() %}
    {{ return([
        'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
    ]) }}
{% endmacro %}
