create table reviews (
    id uuid primary key default uuidv7(),
    prompt_id uuid not null references prompts (id),
    organization_id uuid not null references organizations (id),
    user_id uuid not null references users (id),
    rating bigint not null check (rating between 1 and 5),
    text text not null default '',
    hidden_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    unique (prompt_id, user_id)
);
create index reviews_newest_idx on reviews (prompt_id, id desc) where hidden_at is null;
create index reviews_user_idx on reviews (user_id);
create trigger stamp_row before update on reviews for each row execute function stamp_row();

-- What the platform decided against an organization, with the reasons it is owed (Regulation (EU) 2022/2065, article 17).
-- Two kinds of hold, and neither does what the other does: one is about places in rankings, one about money.
create table decisions (
    id uuid primary key default uuidv7(),
    kind text not null check (kind in ('prompt_takedown', 'review_hiding', 'ranking_hold', 'money_hold')),
    organization_id uuid not null references organizations (id),
    prompt_id uuid references prompts (id),
    review_id uuid references reviews (id) on delete set null,
    reason text not null check (
        reason in (
            'illegal_content', 'rights_infringement', 'harmful_prompt', 'misleading_listing', 'spam',
            'manipulated_ranking', 'suspected_fraud', 'payment_disputes', 'other'
        )
    ),
    ground text not null check (ground in ('law', 'terms')),
    rule text not null check (rule <> ''),
    facts text not null check (facts <> ''),
    detected_by text not null check (detected_by in ('own_initiative', 'notice')),
    is_automated boolean not null default false,
    was_published boolean not null default false,
    status text not null default 'in_force' check (status in ('in_force', 'lifted', 'reversed')),
    decided_by_user_id uuid references users (id),
    decided_at timestamptz not null default now(),
    ends_at timestamptz,
    ended_by_user_id uuid references users (id),
    ended_at timestamptz,
    end_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    constraint decisions_name_their_target check (
        case kind
            when 'prompt_takedown' then prompt_id is not null
            when 'review_hiding' then prompt_id is null
            when 'ranking_hold' then review_id is null
            else prompt_id is null and review_id is null
        end
    ),
    constraint only_holds_end_by_themselves check (ends_at is null or kind in ('ranking_hold', 'money_hold')),
    constraint ended_decisions_say_why check ((status = 'in_force') = (ended_at is null and end_reason is null))
);
create index decisions_organization_idx on decisions (organization_id, id desc);
create index decisions_prompt_idx on decisions (prompt_id) where status = 'in_force';
create index decisions_changed_idx on decisions (changed_xid);
create unique index decisions_one_takedown_idx on decisions (prompt_id)
where kind = 'prompt_takedown' and status = 'in_force';
create unique index decisions_one_hiding_idx on decisions (review_id)
where kind = 'review_hiding' and status = 'in_force';
create unique index decisions_one_hold_idx on decisions (kind, organization_id, prompt_id) nulls not distinct
where kind in ('ranking_hold', 'money_hold') and status = 'in_force';

create table appeals (
    id uuid primary key default uuidv7(),
    decision_id uuid not null unique references decisions (id),
    text text not null check (text <> ''),
    appealed_by_user_id uuid references users (id),
    appealed_at timestamptz not null default now(),
    status text not null default 'open' check (status in ('open', 'upheld', 'reversed')),
    resolved_by_user_id uuid references users (id),
    resolved_at timestamptz,
    resolution text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    constraint resolved_appeals_say_why check ((status = 'open') = (resolved_at is null and resolution is null))
);
create index appeals_open_idx on appeals (id) where status = 'open';
create trigger stamp_row before update on appeals for each row execute function stamp_row();
