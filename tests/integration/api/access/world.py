"""Two victims whose every private field holds a marker, their colleagues, and strangers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tests.integration.warehouse.marts.hand_made import add_prompt, add_prompt_day, add_rank, add_seller_day

PASSWORD = "a long enough password"
# Tables that note what was asked, whatever became of it.
JOURNALS = frozenset(
    {
        "alembic_version",
        "raw_events",
        "quarantine",
        "webhook_inbox",
        "journal_position",
        # Read from Stripe by a worker, whoever asks what.
        "ledger_positions",
        "outbox",
        "event_batches",
        "event_ids",
        # Written by the worker that sends what was asked for before.
        "account_links",
    }
)
# Columns that the service writes a moment after a request, whatever became of it.
NOTED = "{last_used_at,updated_at,changed_xid}"

# Who may ever be told what. A marker in an answer to anybody else is a leak.
SELLING = frozenset({"shop", "colleague of the seller", "assistant of the seller", "admin"})
BUYING = frozenset({"customer", "colleague of the buyer", "assistant of the buyer", "admin"})
READERS: Mapping[str, frozenset[str]] = {
    # Drafts, change notes and addresses of the seller.
    "unsold-marker": SELLING,
    # Texts of what the buyer bought.
    "sold-marker": SELLING | BUYING,
    # What the buyer keeps to itself.
    "bought-marker": BUYING,
    # Amounts both sides of an order know.
    "734519283": SELLING | BUYING,
    # Revenue of the seller.
    "918273": SELLING,
    # How operators work.
    "admin-marker": frozenset({"admin"}),
    # Nobody's business outside the service.
    "inner-marker": frozenset(),
}


@dataclass(frozen=True)
class Person:
    """A user who can log in."""

    user_id: str
    organization_id: str
    email: str
    role: str
    is_owner: bool = True


@dataclass
class World:
    """The people and what they own. `make_subject` adds something of a victim for a request to name."""

    database: psycopg.Connection[DictRow]
    password_hash: str
    people: dict[str, Person] = field(default_factory=dict)
    _ranked: list[str] = field(default_factory=list)

    def populate(self, marts: psycopg.Connection[Any]) -> None:
        """The organizations, and standing things of the victims that no request names."""
        seller, buyer = self._add_organization("Victim Sales"), self._add_organization("Victim Purchases")
        self._add_person("shop", "seller", seller, mark="unsold-marker")
        self._add_person("colleague of the seller", "seller", seller, mark="unsold-marker")
        self._add_person("customer", "buyer", buyer, mark="bought-marker")
        self._add_person("colleague of the buyer", "buyer", buyer, mark="bought-marker")
        self._add_person("assistant of the seller", "buyer", seller, mark="unsold-marker", is_owner=False)
        self._add_person("assistant of the buyer", "seller", buyer, mark="bought-marker", is_owner=False)
        for name, role in (("buyer", "buyer"), ("seller", "seller"), ("admin", "admin")):
            self._add_person(name, role, self._add_organization(f"Other {name}"), mark=f"{name}-marker")
        for kind in ("draft", "published", "archived"):
            self._add_figures(marts, self.make_subject(kind)["prompt_id"])
        self.make_subject("order")
        self._add_audit_entry(by="shop", on="shop", mark="unsold-marker")
        self._add_audit_entry(by="customer", on="shop", mark="bought-marker", new={"amount_cents": 734519283})
        self._add_audit_entry(by="admin", on="customer", mark="admin-marker", new={"reason": "bought-marker"})

    def reader(self, caller: str, subject: str) -> str | None:
        """The name of the person who is this caller towards this subject; None for nobody."""
        is_buyers = subject in {"order", "purchases"}
        relative = {
            "anonymous": None,
            "member": "colleague of the buyer" if is_buyers else "colleague of the seller",
            "assistant": "assistant of the buyer" if is_buyers else "assistant of the seller",
            "counterpart": "shop" if is_buyers else "customer",
        }
        return relative.get(caller, caller)

    def log_in(self, client: httpx.Client, name: str | None) -> dict[str, str]:
        """Headers of a new log-in of a person; of nobody, none."""
        if name is None:
            return {}
        answer = client.post("/api/v1/auth/login", json={"email": self.people[name].email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def make_subject(self, kind: str) -> dict[str, str]:
        """A new subject of this kind; the parameters by which a path or body names it."""
        if kind in {"draft", "published", "archived"}:
            return {"prompt_id": self._add_prompt(kind)}
        if kind in {"decision", "appeal"}:
            return self._add_decision(is_appealed=kind == "appeal")
        if kind == "event":
            return {"event_name": "prompt.clicked"}
        if kind == "person":
            return {"user_id": self._add_colleague(), "organization_id": self.people["shop"].organization_id}
        if kind == "invitation":
            return {"invitation_id": self._add_invitation()}
        if kind == "order":
            return {"order_id": self._add_order(self._add_prompt("published"))}
        if kind == "session":
            return {"session_id": self._add_session()}
        if kind == "api_key":
            return {"api_key_id": self._add_api_key()}
        return {}

    def revive_people(self) -> None:
        """Give everybody the role and the log-in back that somebody may have taken, and their rows to the erased."""
        for name, person in self.people.items():
            kept = self.database.execute(
                "update users set is_active = true, role = %s, email = %s, password_hash = %s, is_owner = %s"
                " where id = %s",
                [person.role, person.email, self.password_hash, person.is_owner, person.user_id],
            )
            if not kept.rowcount:
                self.people[name] = self._make_person(
                    person.role, person.organization_id, person.email, is_owner=person.is_owner
                )

    def newest_ids(self, table: str, limit: int) -> list[str]:
        """Ids of the newest rows of a table; none where there is no such table."""
        if self.database.execute("select to_regclass(%s) as name", [table]).fetchone()["name"] is None:
            return []
        newest = sql.SQL("select id from {} order by id desc limit %s").format(sql.Identifier(table))
        return [str(row["id"]) for row in self.database.execute(newest, [limit])]

    def retire(self, subject: Mapping[str, str]) -> None:
        """Take a subject off the market, in case the request put it there."""
        if "prompt_id" in subject:
            self.database.execute("update prompts set status = 'archived' where id = %s", [subject["prompt_id"]])

    def fingerprint(self) -> dict[str, str]:
        """A digest of what each table holds, but for the journals."""
        tables = self.database.execute(
            "select tablename as name from pg_tables where schemaname = 'public' order by tablename"
        ).fetchall()
        digests = " union all ".join(
            f"select '{name}' as name, md5(string_agg(said, '' order by said)) as digest"
            f" from (select (to_jsonb(line) - '{NOTED}'::text[])::text as said from {name} as line) as lines"
            for name in (table["name"] for table in tables)
            if name not in JOURNALS
        )
        return {row["name"]: str(row["digest"]) for row in self.database.execute(digests)}

    def _add_organization(self, name: str) -> str:
        customer = f"cus_inner-marker-{uuid4().hex}"
        return self._insert("organizations", {"name": name, "stripe_customer_id": customer})

    def _add_person(self, name: str, role: str, organization_id: str, *, mark: str, is_owner: bool = True) -> None:
        email = f"{mark}-{uuid4().hex[:8]}@acme.example"
        self.people[name] = self._make_person(role, organization_id, email, is_owner=is_owner)

    def _make_person(self, role: str, organization_id: str, email: str, *, is_owner: bool) -> Person:
        row = {"organization_id": organization_id, "email": email, "password_hash": self.password_hash, "role": role}
        row["is_owner"] = is_owner
        return Person(self._insert("users", row), organization_id, email, role, is_owner)

    def _add_prompt(self, status: str) -> str:
        shop, mark = self.people["shop"], "unsold-marker" if status == "draft" else "sold-marker"
        prompt = {
            "seller_organization_id": shop.organization_id,
            "created_by_user_id": shop.user_id,
            "title": f"A plan {mark}" if status != "published" else "A plan",
            "description": mark if status != "published" else "",
            "price_cents": 0,
            "currency": "USD",
            "status": status,
            "published_at": None if status == "draft" else "2026-01-01T00:00:00Z",
            "current_version": 2,
        }
        prompt_id = self._insert("prompts", prompt)
        for version in (1, 2):
            text = {"template": f"{mark} ${{audience:{mark}}}", "variables": [f"audience_{mark}"], "change_note": mark}
            self._insert("prompt_versions", {"prompt_id": prompt_id, "version": version, **text})
        if status != "draft":
            self._add_order(prompt_id)
        return prompt_id

    def _add_order(self, prompt_id: str) -> str:
        customer, shop = self.people["customer"], self.people["shop"]
        standing = self.database.execute(
            "select order_id from entitlements where prompt_id = %s and revoked_at is null", [prompt_id]
        ).fetchone()
        if standing is not None:
            return str(standing["order_id"])
        order = {
            "prompt_id": prompt_id,
            "prompt_version": 1,
            "buyer_organization_id": customer.organization_id,
            "buyer_user_id": customer.user_id,
            "seller_organization_id": shop.organization_id,
            "amount_cents": 734519283,
            "currency": "USD",
            "status": "paid",
            "provider": "import",
            "paid_at": "2026-01-02T00:00:00Z",
            "external_id": f"inner-marker-{uuid4().hex}",
            "receipt_id": "bought-marker",
            "stripe_payment_intent_id": f"pi_inner-marker-{uuid4().hex}",
        }
        order_id = self._insert("orders", order)
        entitlement = {"organization_id": customer.organization_id, "prompt_id": prompt_id, "order_id": order_id}
        self._insert("entitlements", {**entitlement, "granted_at": "2026-01-02T00:00:00Z"})
        return order_id

    def _add_decision(self, *, is_appealed: bool) -> dict[str, str]:
        shop = self.people["shop"]
        decision = {
            "kind": "prompt_takedown",
            "organization_id": shop.organization_id,
            "prompt_id": self._add_prompt("archived"),
            "reason": "other",
            "ground": "terms",
            "rule": "unsold-marker",
            "facts": "unsold-marker",
            "detected_by": "notice",
        }
        decision_id = self._insert("decisions", decision)
        if not is_appealed:
            return {"decision_id": decision_id}
        appeal = {"decision_id": decision_id, "text": "unsold-marker", "appealed_by_user_id": shop.user_id}
        return {"appeal_id": self._insert("appeals", appeal)}

    def _add_colleague(self) -> str:
        email = f"unsold-marker-{uuid4().hex[:8]}@acme.example"
        return self._insert(
            "users", {"organization_id": self.people["shop"].organization_id, "email": email, "role": "seller"}
        )

    def _add_session(self) -> str:
        shop, soon = self.people["shop"], "2100-01-01T00:00:00Z"
        seen = {"address": "192.0.2.1", "user_agent": "inner-marker"}
        owner = {"user_id": shop.user_id, "organization_id": shop.organization_id}
        return self._insert("sessions", {**owner, **seen, "expires_at": soon})

    def _add_api_key(self) -> str:
        shop = self.people["shop"]
        key = {
            "organization_id": shop.organization_id,
            "created_by_user_id": shop.user_id,
            "name": "unsold-marker",
            "prefix": f"pmk_{uuid4().hex[:12]}",
            "secret_hash": b"inner-marker" + bytes(20),
            "scopes": ["prompts:read"],
            "expires_at": "2100-01-01T00:00:00Z",
        }
        return self._insert("api_keys", key)

    def _add_invitation(self) -> str:
        shop = self.people["shop"]
        email = f"unsold-marker-{uuid4().hex[:8]}@acme.example"
        row = {"organization_id": shop.organization_id, "email": email, "role": "seller"}
        return self._insert("invitations", {**row, "invited_by_user_id": shop.user_id, "expires_at": "2036-01-01"})

    def _add_figures(self, marts: psycopg.Connection[Any], prompt_id: str) -> None:
        seller = self.people["shop"].organization_id
        add_prompt(marts, prompt_id, seller=seller, title="unsold-marker")
        add_prompt_day(marts, prompt_id, date(2026, 3, 1), orders=3, gross="918273.00")
        add_seller_day(marts, seller, date(2026, 3, len(self._ranked) + 1), orders=3, gross="918273.00")
        self._ranked.append(prompt_id)
        add_rank(marts, prompt_id, len(self._ranked), popularity=1.0)

    def _add_audit_entry(self, *, by: str, on: str, mark: str, new: Mapping[str, Any] | None = None) -> None:
        """Something one person did to what another's organization owns, from a place that is nobody else's business."""
        actor, owner = self.people[by], self.people[on]
        entry = {
            "actor_subject_id": self._subject_id(actor),
            "actor_role": "seller",
            "actor_organization_id": actor.organization_id,
            "action": "order.changed",
            "object_type": "order",
            "object_id": str(uuid4()),
            "organization_id": owner.organization_id,
            "new_value": Jsonb(new or {"note": mark}),
        }
        origin = {"address": "127.0.0.1", "user_agent": mark, "request_id": mark}
        entry_id = self._insert("audit_log", entry)
        self._insert(
            "audit_origins", {"entry_id": entry_id, "subject_id": entry["actor_subject_id"], **origin}, "entry_id"
        )

    def _subject_id(self, person: Person) -> str:
        row = self.database.execute("select subject_id from users where id = %s", [person.user_id]).fetchone()
        return str(row["subject_id"])

    def _insert(self, table: str, row: Mapping[str, Any], key: str = "id") -> str:
        columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
        statement = f"insert into {table} ({columns}) values ({places}) returning {key}"
        made = self.database.execute(statement, list(row.values())).fetchone()
        return str(made[key])
