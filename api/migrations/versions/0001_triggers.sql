create function stamp_row() returns trigger language plpgsql as $$
begin
    new.updated_at := clock_timestamp();
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

create function stamp_transaction() returns trigger language plpgsql as $$
begin
    new.changed_xid := pg_current_xact_id();
    return new;
end
$$;

create trigger stamp_row before update on organizations for each row execute function stamp_row();
create trigger stamp_row before update on users for each row execute function stamp_row();
create trigger stamp_row before update on prompts for each row execute function stamp_row();
create trigger stamp_row before update on orders for each row execute function stamp_row();
create trigger stamp_row before update on refunds for each row execute function stamp_row();
create trigger stamp_row before update on entitlements for each row execute function stamp_row();
create trigger stamp_transaction before update on prompt_versions for each row execute function stamp_transaction();
create trigger stamp_transaction before update on webhook_inbox for each row execute function stamp_transaction();

-- Counted once a statement, not once a row, so that an import of 100,000 orders costs one update a prompt. Rows are touched
-- in the order of their ids: two such statements can wait for each other but not lock each other out.

create function count_inserted_orders() returns trigger language plpgsql as $$
begin
    insert into prompt_statistics as kept (prompt_id, order_count, last_ordered_at)
    select prompt_id, count(*), max(paid_at)
    from new_rows
    where paid_at is not null
    group by prompt_id
    order by prompt_id
    on conflict (prompt_id) do update set
        order_count = kept.order_count + excluded.order_count,
        last_ordered_at = greatest(kept.last_ordered_at, excluded.last_ordered_at);
    return null;
end
$$;

create function count_updated_orders() returns trigger language plpgsql as $$
begin
    insert into prompt_statistics as kept (prompt_id, order_count, last_ordered_at)
    select
        new_rows.prompt_id,
        sum((new_rows.paid_at is not null)::int - (old_rows.paid_at is not null)::int),
        max(new_rows.paid_at)
    from new_rows
    inner join old_rows on new_rows.id = old_rows.id
    where new_rows.paid_at is distinct from old_rows.paid_at
    group by new_rows.prompt_id
    order by new_rows.prompt_id
    on conflict (prompt_id) do update set
        order_count = kept.order_count + excluded.order_count,
        last_ordered_at = greatest(kept.last_ordered_at, excluded.last_ordered_at);
    return null;
end
$$;

create function count_inserted_refunds() returns trigger language plpgsql as $$
begin
    insert into prompt_statistics as kept (prompt_id, refund_count)
    select orders.prompt_id, count(*)
    from new_rows
    inner join orders on new_rows.order_id = orders.id
    where new_rows.status = 'succeeded'
    group by orders.prompt_id
    order by orders.prompt_id
    on conflict (prompt_id) do update set refund_count = kept.refund_count + excluded.refund_count;
    return null;
end
$$;

create function count_updated_refunds() returns trigger language plpgsql as $$
begin
    insert into prompt_statistics as kept (prompt_id, refund_count)
    select
        orders.prompt_id,
        sum((new_rows.status = 'succeeded')::int - (old_rows.status = 'succeeded')::int)
    from new_rows
    inner join old_rows on new_rows.id = old_rows.id
    inner join orders on new_rows.order_id = orders.id
    where new_rows.status is distinct from old_rows.status
    group by orders.prompt_id
    order by orders.prompt_id
    on conflict (prompt_id) do update set refund_count = kept.refund_count + excluded.refund_count;
    return null;
end
$$;

create trigger count_inserted_orders after insert on orders
referencing new table as new_rows for each statement execute function count_inserted_orders();
create trigger count_updated_orders after update on orders
referencing old table as old_rows new table as new_rows for each statement execute function count_updated_orders();
create trigger count_inserted_refunds after insert on refunds
referencing new table as new_rows for each statement execute function count_inserted_refunds();
create trigger count_updated_refunds after update on refunds
referencing old table as old_rows new table as new_rows for each statement execute function count_updated_refunds();
