create temporary table impressions as
with lists as (
    select source, event_id, organization_id, user_id, anonymous_id, session_id, is_counted, device_id, occurred_at,
        from_json(properties, '{{"receipt_id": "VARCHAR", "surface": "VARCHAR", "policy_version": "VARCHAR", "items":
            [{{"prompt_id": "VARCHAR", "position": "INTEGER", "version": "INTEGER", "score": "DOUBLE", "propensity": "DOUBLE",
            "is_exploration": "BOOLEAN"}}]}}') as list
    from events where event_name = 'results.served'
),
items as (
    select * exclude (list), list.receipt_id, list.surface, list.policy_version, unnest(list.items, recursive := true),
        generate_subscripts(list.items, 1) as item_index
    from lists
)
select *, utc_day(occurred_at) as served_date,
    concat(served_date, '-', md5(concat(source, '|', receipt_id, '|', position, '|', prompt_id, '|', served_date)))
        as impression_id
from items where receipt_id is not null and prompt_id is not null and position is not null
qualify row_number() over (partition by impression_id order by occurred_at, event_id, item_index) = 1;

create temporary table clicks as
select c.source, c.event_id, c.prompt_id, c.user_id, c.occurred_at as clicked_at, c.receipt_id, i.impression_id,
    coalesce(c.user_id, c.device_id, if(c.source like 'client:%', 'erased', null)) as person_id
from (
    select *, properties ->> '$.receipt_id' as receipt_id, try_cast(properties ->> '$.position' as integer) as position
    from events where event_name = 'prompt.clicked' and is_counted and prompt_id is not null
) as c
left join impressions as i
    on c.receipt_id = i.receipt_id and c.prompt_id = i.prompt_id and c.occurred_at >= i.occurred_at
        and i.source in (c.source, 'api')
        and case
            when coalesce(c.user_id, c.organization_id, c.anonymous_id) is null then true
            when coalesce(i.user_id, i.organization_id) is null then coalesce(c.anonymous_id = i.anonymous_id, true)
            else coalesce(c.user_id = i.user_id, false) or coalesce(c.organization_id = i.organization_id, false)
                or coalesce(c.anonymous_id = i.anonymous_id, false)
        end
where c.receipt_id is not null
qualify row_number() over (
    partition by c.source, c.event_id
    order by i.source <> c.source, coalesce(i.position <> c.position, true), i.occurred_at desc, i.position,
        i.impression_id
) = 1;

create temporary table purchases as
with candidates as (
    select order_id, c.impression_id, 0 as preference, clicked_at, c.source, c.event_id, paid_at
    from orders as o inner join clicks as c using (receipt_id, prompt_id)
    inner join impressions as i on c.impression_id = i.impression_id
    where paid_at >= clicked_at and (
        coalesce(i.user_id, i.organization_id) is null or coalesce(o.buyer_user_id = i.user_id, false)
        or coalesce(o.buyer_organization_id = i.organization_id, false)
    )
    union all
    select order_id, impression_id, 1, clicked_at, source, event_id, paid_at
    from orders as o inner join clicks as c on o.prompt_id = c.prompt_id and o.buyer_user_id = c.user_id
    where impression_id is not null and paid_at >= clicked_at and paid_at <= clicked_at + interval 168 hours
)
select impression_id, min(paid_at) as purchased_at from (
    from candidates
    qualify row_number() over (partition by order_id order by preference, clicked_at desc, source, event_id) = 1
) group by impression_id;

create table marts.fct_impressions as
with first_clicks as (
    from clicks where impression_id is not null
    qualify row_number() over (partition by impression_id order by clicked_at, source, event_id) = 1
)
select i.impression_id, i.receipt_id, i.prompt_id, p.seller_organization_id, i.surface, i.policy_version, i.position,
    i.version as prompt_version, h.price_amount as list_price_amount, h.currency as list_currency, i.score, i.propensity, coalesce(i.is_exploration, false) as is_exploration,
    i.is_counted and coalesce(i.organization_id <> p.seller_organization_id, true) as is_counted,
    c.impression_id is not null as is_clicked, c.clicked_at, c.person_id as clicked_person_id,
    b.impression_id is not null as is_purchased, b.purchased_at, i.occurred_at as served_at, i.served_date,
    i.organization_id, i.user_id, coalesce(i.user_id, i.device_id) as viewer_person_id, i.session_id, i.source
from impressions as i
inner join marts.dim_prompts as p using (prompt_id)
left join first_clicks as c on i.impression_id = c.impression_id
left join purchases as b on i.impression_id = b.impression_id
left join marts.dim_prompts_history as h
    on i.prompt_id = h.prompt_id and i.occurred_at >= h.valid_from and coalesce(i.occurred_at < h.valid_to, true);

