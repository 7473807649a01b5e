"""The application role by direct SQL: whatever it is made to say, it sees and changes what its scope may."""

import psycopg
import pytest

from tests.integration.warehouse.tenancy.conftest import Connect, Connection, World
from tests.integration.warehouse.tenancy.direct_sql import callable_functions, open_relations, relations
from warehouse.tenancy import NOBODY, PLATFORM, SETTING, Access, Scope
from warehouse.tenancy.access import user_of
from warehouse.tenancy.privileges import APPLICATION_PRIVILEGES, PUBLIC_TABLES

# Which rows are whose, as the owner sees it.
OWNED = {
    "organizations": "id = %(them)s",
    "users": "organization_id = %(them)s",
    "prompts": "seller_organization_id = %(them)s and status <> 'published'",
    "prompt_versions": "prompt_id in (select id from prompts where seller_organization_id = %(them)s)"
    " or prompt_id = any(%(theirs)s)",
    "prompt_states": "prompt_id in (select id from prompts where seller_organization_id = %(them)s)"
    " or prompt_id = any(%(theirs)s)",
    "organization_states": "organization_id = %(them)s",
    "orders": "true",
    "refunds": "true",
    "entitlements": "true",
    "raw_events": "true",
    "webhook_inbox": "true",
    "balance_transactions": "true",
    "ledger_positions": "true",
    "quarantine": "true",
    "journal_position": "true",
    "event_ids": "true",
    "event_batches": "true",
    "outbox": "true",
    "idempotency_keys": "true",
    "sessions": "true",
    "refresh_tokens": "true",
    "api_keys": "true",
    "audit_log": "true",
    "audit_origins": "true",
    "reviews": "true",
    "decisions": "true",
    "appeals": "true",
    "erasures": "true",
    "invitations": "true",
    "account_links": "true",
    "second_factors": "true",
    "recovery_codes": "true",
}
# With the tables everybody may read: whose rows they are all the same.
THEIRS = OWNED | {
    "prompt_statistics": "prompt_id = any(%(theirs)s)",
    "listed_prompts": "seller_organization_id = %(them)s",
    "sellers": "id = %(them)s",
}
# What both sides of a trade see of it.
SHARED = ("organizations", "users", "prompts", "prompt_versions", "orders", "refunds", "entitlements", "audit_log")
NOT_SELECTABLE = sorted(OWNED)


def parameters(world: World) -> dict[str, object]:
    seller = world.seller
    return {
        "them": seller.organization_id,
        "theirs": [seller.draft_id, seller.published_id, seller.archived_id],
        "us": world.rival.organization_id,
    }


def scope_of(world: World, who: str) -> Scope:
    return world.rival.scope if who == "rival" else NOBODY


class TestRole:
    def test_it_owns_nothing_and_has_no_power(self, owner: Connection, access: Access):
        role = owner.execute(
            """
            select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
                exists (select from pg_class where relowner = pg_roles.oid) as owns_tables,
                exists (select from pg_auth_members where member = pg_roles.oid) as is_member
            from pg_roles where rolname = %s
            """,
            [user_of(access.application_url)],
        ).fetchone()
        assert role is not None
        assert not any(role.values())

    @pytest.mark.parametrize(
        "statement",
        [
            "create table public.mine (id int)",
            "create function public.mine() returns int language sql as 'select 1'",
            "create schema mine",
            "alter table orders disable row level security",
            "create policy mine on orders using (true)",
            "drop policy seen on orders",
            "set role postgres",
            "select inner_pad from tenancy.keys",
            "select * from alembic_version",
            "select * from event_days.d20260101",
            "update audit_log set action = 'x'",
            "delete from audit_log",
            "delete from decisions",
            "update raw_events set properties = '{}'",
            "delete from raw_events",
            "delete from orders",
            "truncate orders",
            "insert into prompt_statistics (prompt_id) values (gen_random_uuid())",
            "update listed_prompts set title = 'x'",
            "select lo_from_bytea(0, 'kept where nobody looks')",
        ],
    )
    def test_it_is_refused(self, as_application: Connect, world: World, statement: str):
        with as_application(PLATFORM) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)

    def test_row_security_can_be_turned_off_only_into_an_error(self, as_application: Connect, world: World):
        with as_application(world.rival.scope) as connection:
            connection.execute("set local row_security = off")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select * from orders")

    def test_resetting_the_role_leads_nowhere(self, as_application: Connect, access: Access):
        with as_application(NOBODY) as connection:
            connection.execute("reset role")
            row = connection.execute("select current_user as name").fetchone()
        assert row == {"name": user_of(access.application_url)}


class TestTables:
    def test_every_table_has_policies_or_a_reason(self, owner: Connection):
        rows = owner.execute(
            """
            select tables.relname as name
            from pg_class as tables
            where tables.relkind in ('r', 'p', 'v', 'm') and tables.relnamespace = 'public'::regnamespace
                and not (tables.relrowsecurity and exists (select from pg_policy where polrelid = tables.oid))
            """
        )
        assert {row["name"] for row in rows} == set(PUBLIC_TABLES)

    def test_every_table_is_asked_about_here(self):
        assert THEIRS.keys() == APPLICATION_PRIVILEGES.keys()

    def test_the_role_may_do_with_every_relation_of_every_schema_what_is_stated(
        self, world: World, access: Access, database_url: str
    ):
        stated = {f"public.{table}": set(verbs) for table, verbs in APPLICATION_PRIVILEGES.items()}
        assert open_relations(database_url, access.application_url) == stated
        everything = set(relations(database_url))
        partitions = {relation for relation in everything if relation.startswith("event_days.")}
        assert everything - stated.keys() - partitions == {
            "public.alembic_version",
            "public.event_days_let_go",
            "tenancy.keys",
        }

    def test_the_role_may_call_what_is_stated(self, access: Access, database_url: str):
        asked = {"scope", "organization_id", "user_id", "is_platform", "is_staff", "own_prompts"}
        asked |= {"ordered_prompts", "sells", "is_entitled", "trades_in", "has_member", "is_sold_by", "acted_in"}
        stated = {"public.listed_versions", "public.make_event_day", *(f"tenancy.{name}" for name in asked)}
        called = callable_functions(database_url, user_of(access.application_url))
        # Postgres before 18 has none of its own.
        assert called - {"public.uuidv7"} == stated

    @pytest.mark.parametrize("role", ["marts_url", "analyst_url"])
    def test_readers_of_marts_are_not_let_in(self, access: Access, database_url: str, role: str):
        name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(getattr(access, role), dbname=name)

    def test_no_function_looks_where_whoever_calls_it_says(self, owner: Connection):
        loose = owner.execute(
            """
            select proname from pg_proc
            where pronamespace in ('public'::regnamespace, 'tenancy'::regnamespace)
                and coalesce(proconfig::text, '') not like '%search_path%'
                -- Parsed when it was made.
                and prosqlbody is null
                and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
            """
        ).fetchall()
        # They name no table and no type, and functions are never looked for in a temporary schema. `uuidv7` is ours
        # before Postgres 18: who has it answer otherwise gets an id that nobody believes.
        assert {row["proname"] for row in loose} - {"uuidv7"} == {"stamp_row", "stamp_transaction", "refuse_change"}


class TestReading:
    @pytest.mark.parametrize("table", NOT_SELECTABLE)
    @pytest.mark.parametrize("who", ["rival", "nobody"])
    def test_nothing_of_others_is_seen(self, as_application: Connect, world: World, owner: Connection, table, who):
        wanted = f"select * from {table} where {OWNED[table]}"
        assert owner.execute(wanted, parameters(world)).fetchall()
        with as_application(scope_of(world, who)) as connection:
            assert connection.execute(wanted, parameters(world)).fetchall() == []

    @pytest.mark.parametrize("table", SHARED)
    def test_a_company_sees_what_is_its_own(self, as_application: Connect, world: World, table):
        with as_application(world.buyer.scope) as connection:
            assert connection.execute(f"select * from {table}").fetchall()

    def test_the_text_is_for_its_seller_and_its_buyer(self, as_application: Connect, world: World):
        wanted = "select 1 from prompt_versions where prompt_id = %s"
        found = {}
        for name, scope in {
            "seller": world.seller.scope,
            "buyer": world.buyer.scope,
            "rival": world.rival.scope,
        }.items():
            with as_application(scope) as connection:
                found[name] = len(connection.execute(wanted, [world.seller.published_id]).fetchall())
        assert found == {"seller": 1, "buyer": 1, "rival": 0}

    def test_a_revoked_entitlement_ends_it(self, as_application: Connect, world: World, owner: Connection):
        owner.execute("update entitlements set revoked_at = now()")
        with as_application(world.buyer.scope) as connection:
            rows = connection.execute(
                "select 1 from prompt_versions where prompt_id = %s", [world.seller.published_id]
            ).fetchall()
        owner.execute("update entitlements set revoked_at = null")
        assert rows == []

    def test_everybody_sees_what_is_on_the_market(self, as_application: Connect, world: World):
        with as_application(NOBODY) as connection:
            prompts = connection.execute("select status from prompts").fetchall()
            listed = connection.execute("select id from listed_prompts").fetchall()
            names = connection.execute("select name from sellers order by name").fetchall()
        assert [row["status"] for row in prompts] == ["published"] * 3
        assert len(listed) == 3
        assert [row["name"] for row in names] == ["Buyer", "Rival", "Seller"]

    def test_an_error_tells_nothing_of_a_hidden_row(self, as_application: Connect, world: World):
        with as_application(world.rival.scope) as connection:
            rows = connection.execute(
                "select 1 from prompts where seller_organization_id = %s and status = 'draft' and title::int = 1",
                [world.seller.organization_id],
            ).fetchall()
        assert rows == []

    def test_operators_and_the_platform_see_everything(self, as_application: Connect, world: World):
        for scope in (PLATFORM, Scope("admin", world.rival.organization_id, world.rival.user_id)):
            with as_application(scope) as connection:
                assert len(connection.execute("select 1 from organizations").fetchall()) == 3
                assert len(connection.execute("select 1 from prompt_versions").fetchall()) == 9


class TestForging:
    @pytest.mark.parametrize(
        "setting",
        [
            "platform:::",
            "platform::",
            "platform:::0000",
            "admin:x:y:z",
            "nonsense",
            ":::",
            "::::::::",
            "{platform}",
            "seller:{them}::{them}",
        ],
    )
    def test_a_scope_nobody_signed_is_none(self, as_application: Connect, world: World, setting):
        forged = setting.replace("{them}", str(world.seller.organization_id))
        with as_application(NOBODY) as connection:
            connection.execute("select set_config(%s, %s, true)", [SETTING, forged])
            assert connection.execute("select 1 from organizations").fetchall() == []

    def test_a_signed_scope_can_not_be_widened(self, as_application: Connect, world: World):
        with as_application(world.rival.scope) as connection:
            connection.execute(
                "select set_config(%(setting)s, replace(current_setting(%(setting)s), %(us)s, %(them)s), true)",
                {
                    "setting": SETTING,
                    "us": str(world.rival.organization_id),
                    "them": str(world.seller.organization_id),
                },
            )
            assert connection.execute("select 1 from organizations").fetchall() == []

    def test_a_temporary_table_stands_in_for_none(self, as_application: Connect, world: World):
        with as_application(world.rival.scope) as connection:
            connection.execute("create temporary table orders (id int)")
            row = connection.execute(
                "select 'orders'::regclass::oid = 'public.orders'::regclass::oid as is_real"
            ).fetchone()
        assert row == {"is_real": True}

    def test_a_type_of_its_own_answers_for_nobody(self, as_application: Connect, world: World):
        them = world.seller.organization_id
        with as_application(world.rival.scope) as connection:
            for statement in (
                "create type pg_temp.uuid as enum ('a')",
                "create function pg_temp.take(text) returns pg_temp.uuid language sql as 'select null::pg_temp.uuid'",
                "create function pg_temp.give(pg_temp.uuid) returns pg_catalog.uuid language sql"
                f" return '{them}'::pg_catalog.uuid",
                "create cast (text as pg_temp.uuid) with function pg_temp.take(text)",
                "create cast (pg_temp.uuid as pg_catalog.uuid) with function pg_temp.give(pg_temp.uuid) as assignment",
                "set local search_path = pg_temp, pg_catalog",
            ):
                connection.execute(statement)
            [row] = connection.execute("select id from public.organizations").fetchall()
        assert row["id"] == world.rival.organization_id


class TestWriting:
    @pytest.mark.parametrize("table", sorted(THEIRS))
    @pytest.mark.parametrize("who", ["rival", "nobody"])
    def test_no_row_of_others_is_changed(self, as_application: Connect, world: World, owner: Connection, table, who):
        [first, *_] = owner.execute(
            "select quote_ident(attname) as name from pg_attribute"
            " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped and attidentity = ''",
            [table],
        ).fetchall()
        statement = f"update {table} set {first['name']} = {first['name']} where {THEIRS[table]}"
        self.changes_nothing(as_application, world, who, table, "update", statement)

    @pytest.mark.parametrize("table", sorted(THEIRS))
    @pytest.mark.parametrize("who", ["rival", "nobody"])
    def test_no_row_of_others_is_deleted(self, as_application: Connect, world: World, table, who):
        self.changes_nothing(as_application, world, who, table, "delete", f"delete from {table} where {THEIRS[table]}")

    @pytest.mark.parametrize("table", sorted(THEIRS))
    @pytest.mark.parametrize("who", ["rival", "nobody"])
    def test_no_row_is_made_in_the_name_of_others(
        self, as_application: Connect, world: World, owner: Connection, table, who
    ):
        copied = f"insert into {table} overriding system value select (jsonb_populate_record(null::{table}, %s)).*"
        [row] = owner.execute(
            f"select to_jsonb(kept)::text as row from {table} as kept where {THEIRS[table]} limit 1", parameters(world)
        ).fetchall()
        with (
            as_application(scope_of(world, who)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(copied, [row["row"]])

    def changes_nothing(self, as_application: Connect, world: World, who, table, verb, statement):
        with as_application(scope_of(world, who)) as connection:
            if verb not in APPLICATION_PRIVILEGES[table]:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement, parameters(world))
            else:
                assert connection.execute(statement, parameters(world)).rowcount == 0

    @pytest.mark.parametrize(
        "statement",
        [
            "insert into organizations (name) values ('x')",
            "insert into users (organization_id, email, role) values (%(us)s, 'x@example.com', 'buyer')",
            "update users set organization_id = %(them)s",
            "update users set role = 'admin'",
            "update organizations set id = %(them)s",
            "insert into prompts (seller_organization_id, title, price_cents, currency) "
            " values (%(them)s, 'x', 1, 'USD')",
            "update prompts set seller_organization_id = %(them)s where seller_organization_id = %(us)s",
            "insert into prompt_versions (prompt_id, version, template) values (%(published)s, 2, 'x')",
            "insert into entitlements (organization_id, prompt_id, order_id, granted_at)"
            " values (%(us)s, %(published)s, %(order)s, now())",
            "insert into refunds (order_id, amount_cents, currency) values (%(order)s, 1, 'USD')",
            "insert into orders (prompt_id, prompt_version, buyer_organization_id, buyer_user_id,"
            " seller_organization_id, amount_cents, currency, status, provider, paid_at)"
            " values (%(published)s, 1, %(us)s, %(me)s, %(them)s, 0, 'USD', 'paid', 'free', now())",
            "insert into raw_events (source, event_id, event_name, schema_version, occurred_at, received_at,"
            " organization_id, properties, batch_id) values ('t', 't', 't.t', 1, now(), now(), %(us)s, '{}', 1)",
            "insert into quarantine (kind, origin, fingerprint, raw, byte_count, reason, detail)"
            " values ('events', 't', 'g', '', 0, '', '')",
            "insert into audit_log (actor_organization_id, action, object_type, object_id)"
            " values (%(them)s, 'order.made', 'order', 'o')",
            "insert into decisions (kind, organization_id, reason, ground, rule, facts, detected_by)"
            " values ('money_hold', %(us)s, 'other', 'terms', 'r', 'f', 'notice')",
            "insert into reviews (prompt_id, organization_id, user_id, rating)"
            " select id, %(them)s, %(me)s, 1 from listed_prompts limit 1",
            "insert into outbox (kind, payload) values ('t', '{}')",
            "insert into api_keys (organization_id, created_by_user_id, name, prefix, secret_hash, scopes, expires_at)"
            " values (%(them)s, %(me)s, 'k', 'l', sha256(''), '{orders:read}', now())",
            "insert into orders (prompt_id, prompt_version, buyer_organization_id, buyer_user_id,"
            " seller_organization_id, amount_cents, currency, status, provider)"
            " values (%(published)s, 1, %(us)s, %(me)s, %(us)s, 0, 'USD', 'pending', 'free')",
            "insert into orders (prompt_id, prompt_version, buyer_organization_id, buyer_user_id,"
            " seller_organization_id, amount_cents, currency, status, provider)"
            " values (%(published)s, 1, %(us)s, %(them_user)s, %(them)s, 0, 'USD', 'pending', 'free')",
            "insert into api_keys (organization_id, created_by_user_id, name, prefix, secret_hash, scopes, expires_at)"
            " values (%(us)s, %(them_user)s, 'k', 'l', sha256(''), '{orders:read}', now())",
            "insert into event_ids (id, received_at) values (gen_random_uuid(), now())",
            "insert into webhook_inbox (source, external_id, event_type, body, payload)"
            " values ('t', 'n', 't', '', '{}')",
        ],
    )
    def test_a_row_that_is_not_its_own_is_refused(self, as_application: Connect, world: World, statement):
        given = parameters(world) | {
            "published": world.seller.published_id,
            "order": world.order_id,
            "me": world.rival.user_id,
            "them_user": world.seller.user_id,
        }
        with (
            as_application(world.rival.scope) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        ):
            connection.execute(statement, given)

    @pytest.mark.parametrize(
        "statement",
        [
            "update sessions set user_id = %(me)s",
            "update api_keys set created_by_user_id = %(me)s",
            "update reviews set organization_id = %(us)s",
            "update sessions set organization_id = %(us)s",
            "update users set organization_id = %(us)s",
        ],
    )
    def test_a_row_of_its_own_becomes_nobody_elses(self, as_application: Connect, world: World, statement):
        owner_of = world.buyer if "reviews" in statement else world.seller
        given = {"us": world.rival.organization_id, "me": world.rival.user_id}
        with (
            as_application(owner_of.scope) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        ):
            connection.execute(statement, given)

    @pytest.mark.parametrize(
        "statement", ["update sessions set address = ''", "update api_keys set revoked_at = now()"]
    )
    def test_a_row_of_its_own_can_be_changed(self, as_application: Connect, world: World, statement):
        with as_application(world.seller.scope) as connection:
            assert connection.execute(statement).rowcount == 1

    def test_from_where_somebody_acted_is_for_their_own_company(self, as_application: Connect, world: World):
        found = {}
        for name, company in {"actor": world.buyer, "concerned": world.seller}.items():
            with as_application(company.scope) as connection:
                found[name] = [
                    len(connection.execute(f"select 1 from {table}").fetchall())
                    for table in ("audit_log", "audit_origins")
                ]
        assert found == {"actor": [1, 1], "concerned": [1, 0]}

    def test_both_sides_may_lock_an_order_and_neither_may_change_it(self, as_application: Connect, world: World):
        for company in (world.buyer, world.seller):
            with as_application(company.scope) as connection:
                assert connection.execute("select 1 from orders for update").fetchall()
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("update orders set amount_cents = 1")
