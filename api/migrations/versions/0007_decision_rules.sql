-- The ways of a decision: in force, then lifted, or reversed by an appeal; and what it says never changes.
create function follow_decision_rules() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'decisions are kept: %', old.id using errcode = 'restrict_violation';
    end if;
    if tg_op = 'INSERT' then
        if new.status <> 'in_force' then
            raise exception 'a decision begins in force: %', new.id using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
    if (old.kind, old.organization_id, old.prompt_id, old.reason, old.ground, old.rule, old.facts, old.detected_by,
        old.is_automated, old.was_published, old.decided_at, old.ends_at)
        is distinct from
        (new.kind, new.organization_id, new.prompt_id, new.reason, new.ground, new.rule, new.facts, new.detected_by,
        new.is_automated, new.was_published, new.decided_at, new.ends_at)
        or new.review_id is distinct from old.review_id and new.review_id is not null
        or new.decided_by_user_id is distinct from old.decided_by_user_id and new.decided_by_user_id is not null
    then
        raise exception 'what a decision says never changes: %', old.id using errcode = 'restrict_violation';
    end if;
    if new.status <> old.status then
        if old.status <> 'in_force' then
            raise exception 'the decision has ended already: %', old.id using errcode = 'restrict_violation';
        end if;
        if (new.status = 'reversed')
            <> exists (select 1 from appeals where decision_id = old.id and status = 'reversed')
        then
            raise exception 'only an appeal reverses a decision: %', old.id using errcode = 'restrict_violation';
        end if;
    end if;
    return new;
end
$$;

-- The ways of an appeal: open, then upheld or reversed, by somebody else than who decided.
create function follow_appeal_rules() returns trigger language plpgsql as $$
declare
    decision decisions%rowtype;
begin
    if tg_op = 'DELETE' then
        raise exception 'appeals are kept: %', old.id using errcode = 'restrict_violation';
    end if;
    select * into decision from decisions where id = new.decision_id for update;
    if tg_op = 'INSERT' then
        if new.status <> 'open' or decision.status <> 'in_force' then
            raise exception 'only a decision in force can be appealed: %', new.decision_id
            using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
    if new.decision_id <> old.decision_id or new.appealed_at <> old.appealed_at
        or new.appealed_by_user_id is distinct from old.appealed_by_user_id and new.appealed_by_user_id is not null
    then
        raise exception 'what an appeal is about never changes: %', old.id using errcode = 'restrict_violation';
    end if;
    if new.status <> old.status then
        if old.status <> 'open' or decision.status <> 'in_force' then
            raise exception 'the appeal has been resolved already: %', old.id using errcode = 'restrict_violation';
        end if;
        if new.resolved_by_user_id is null or new.resolved_by_user_id = decision.decided_by_user_id then
            raise exception 'who decided does not resolve the appeal: %', old.id using errcode = 'restrict_violation';
        end if;
    end if;
    return new;
end
$$;

create function keep_taken_down() returns trigger language plpgsql as $$
begin
    if new.status = 'published' and exists (
        select 1 from decisions
        where prompt_id = new.id and kind = 'prompt_takedown' and status = 'in_force'
    ) then
        raise exception 'the prompt was taken down: %', new.id using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

create trigger follow_rules before insert or update or delete on decisions
for each row execute function follow_decision_rules();
create trigger stamp_row before update on decisions for each row execute function stamp_row();
create trigger follow_rules before insert or update or delete on appeals
for each row execute function follow_appeal_rules();
create trigger keep_taken_down before update of status on prompts for each row execute function keep_taken_down();
