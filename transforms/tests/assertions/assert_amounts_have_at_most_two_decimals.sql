{{ config(severity='warn') }}

-- Stripe charges these currencies in thousandths, which a mart's amount can't hold.
select
    order_id,
    currency
from {{ ref('fct_orders') }}
where currency in ('BHD', 'JOD', 'KWD', 'OMR', 'TND')
