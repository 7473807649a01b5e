{{ config(meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}

-- A prompt never changes hands, so an order is a sale of the company that sells the prompt.
select
    orders.order_id,
    orders.seller_organization_id,
    prompts.seller_organization_id as prompt_seller_organization_id
from {{ ref('fct_orders') }} as orders
inner join {{ ref('dim_prompts') }} as prompts on orders.prompt_id = prompts.prompt_id
where orders.seller_organization_id <> prompts.seller_organization_id
