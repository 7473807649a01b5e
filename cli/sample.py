"""Sample data and sample log-ins, for trying the product out. Never for production: everybody knows the password."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from cli.failure import CommandFailed
from cli.template import name_variables
from warehouse.imports import KINDS, Report, import_file
from warehouse.journal.quarantine import Kind
from warehouse.settings import PROJECT_ROOT, Settings

SAMPLE_PASSWORD = "sample-password-for-trying-out"  # nosec B105
SAMPLE_SELLER_EMAIL = "seller@example.com"
SAMPLE_BUYER_EMAIL = "buyer@example.com"
SAMPLE_ADMIN_EMAIL = "admin@example.com"
SAMPLE_USERS = (
    (SAMPLE_SELLER_EMAIL, "seller"),
    (SAMPLE_BUYER_EMAIL, "buyer"),
    (SAMPLE_ADMIN_EMAIL, "admin"),
)
SAMPLE_SEED = 7
# By this the organization that runs the sample marketplace is found again; it remembers what was imported.
OPERATOR_EXTERNAL_ID = "sample:operator"
BUYER_EXTERNAL_ID = "sample:buyer"

FILES: dict[Kind, str] = {"catalog": "catalog.csv", "orders": "orders.csv", "events": "events.jsonl"}
ENSURE_ORGANIZATION = """
insert into organizations (name, external_id, is_imported) values (%(name)s, %(external_id)s, true)
on conflict (external_id) do nothing
"""

Say = Callable[[str], None]
Connection = psycopg.Connection[DictRow]


@dataclass(frozen=True)
class Seeding:
    """What seeding did: nothing when the data was there already."""

    is_new: bool
    reports: dict[Kind, Report]


def seed_sample_data(connection: Connection, settings: Settings, *, again: bool, say: Say) -> Seeding:
    """Import the sample market and make the sample log-ins, unless that was finished before.

    The market ends on the day it was first seeded, for ever: so a second time adds nothing, and a seeding that was
    killed is completed. `again` imports it once more, to bring back what was deleted.
    """
    operator = _ensure_organization(connection, "Sample Marketplace", OPERATOR_EXTERNAL_ID)
    remembered = _remembered(connection, operator)
    if remembered.get("sample_is_complete") and not again:
        return Seeding(is_new=False, reports={})
    end = remembered.get("sample_end") or _today()
    _remember(connection, operator, {"sample_end": end})
    with tempfile.TemporaryDirectory(prefix="sample-market-") as directory:
        say("making up a market")
        _generate(Path(directory), end=end)
        reports = {kind: _import(connection, kind, Path(directory) / FILES[kind], say) for kind in KINDS}
        truth = json.loads((Path(directory) / "truth.json").read_text(encoding="utf-8"))
    say("making the sample log-ins")
    _add_log_ins(connection, settings, operator=operator, seller=next(iter(truth["sellers"])))
    _remember(connection, operator, {"sample_is_complete": True})
    return Seeding(is_new=True, reports=reports)


def _today() -> str:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).isoformat()


def _generate(directory: Path, *, end: str) -> None:
    """Run the simulator as what it is: a process outside of the product."""
    command = [
        sys.executable,
        "-m",
        "simulators.market",
        "-o",
        str(directory),
        "--seed",
        str(SAMPLE_SEED),
        "--end",
        end,
    ]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise CommandFailed(f"The market simulator ended with status {done.returncode}: {last[0]}")


def _import(connection: Connection, kind: Kind, path: Path, say: Say) -> Report:
    report = import_file(connection, kind, path, name_variables=name_variables)
    if report.quarantined:
        raise CommandFailed(f"Sample {kind} were refused: {dict(report.reasons)}. Is there other data of that name?")
    say(f"imported {report.read:,} sample {kind if kind != 'catalog' else 'prompts'}")
    return report


def _add_log_ins(connection: Connection, settings: Settings, *, operator: UUID, seller: str) -> None:
    from cli.account import add_user, hash_password

    buyer = _ensure_organization(connection, "Sample Buyer Company", BUYER_EXTERNAL_ID)
    organizations = {"admin": operator, "buyer": buyer, "seller": _organization(connection, seller)}
    known = connection.execute("select email from users where email = any(%s)", [[email for email, _ in SAMPLE_USERS]])
    there_already = {row["email"] for row in known}
    with connection.transaction():
        for email, role in SAMPLE_USERS:
            if email not in there_already:
                password_hash = hash_password(settings, SAMPLE_PASSWORD)
                add_user(
                    connection,
                    organization_id=organizations[role],
                    email=email,
                    role=role,
                    password_hash=password_hash,
                )


def _ensure_organization(connection: Connection, name: str, external_id: str) -> UUID:
    connection.execute(ENSURE_ORGANIZATION, {"name": name, "external_id": external_id})
    return _organization(connection, external_id)


def _organization(connection: Connection, external_id: str) -> UUID:
    found = connection.execute("select id from organizations where external_id = %s", [external_id]).fetchall()
    organization_id: UUID = found[0]["id"]
    return organization_id


def _remembered(connection: Connection, operator: UUID) -> dict[str, Any]:
    found = connection.execute("select attributes from organizations where id = %s", [operator]).fetchall()
    attributes: dict[str, Any] = found[0]["attributes"]
    return attributes


def _remember(connection: Connection, operator: UUID, facts: dict[str, Any]) -> None:
    connection.execute(
        "update organizations set attributes = attributes || %(facts)s::jsonb"
        " where id = %(operator)s and not attributes @> %(facts)s::jsonb",
        {"facts": json.dumps(facts), "operator": operator},
    )
