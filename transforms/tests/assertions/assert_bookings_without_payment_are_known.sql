{{ config(severity='warn') }}

-- Bookings that name no payment are in no mart. Payouts, the account's own money and the provider's own fees are
-- expected among them; another kind is money that somebody has to look at.
select
    balance_transaction_id,
    reporting_category,
    net_cents,
    currency,
    booked_at
from {{ ref('stg_stripe__balance_transactions') }}
where
    payment_intent_id is null
    and reporting_category not in (
        'payout', 'payout_reversal', 'topup', 'topup_reversal', 'transfer', 'transfer_reversal', 'fee', 'network_cost',
        'tax'
    )
