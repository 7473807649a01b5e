"""Erases a person from the files of the lake."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse.erasure.event import MARK, MONEY_PREFIX, PERSONAL_COLUMNS, impersonal_properties, mark_of
from warehouse.erasure.naming import python_pattern
from warehouse.erasure.person import ERASED, Person
from warehouse.lake.rewriting import rewrite_day


def blank_days(lake: Path, received_date: date, person: Person) -> int:
    """Blank the person in a day's files; how many were written anew. Call inside `lake_alone`."""
    return rewrite_day(lake, received_date, lambda batch: blank_batch(batch, person))


def blank_batch(batch: pa.RecordBatch, person: Person) -> pa.RecordBatch:
    """The same events without the person; the batch itself when the person is not in it."""
    rows = batch.to_pylist()
    blanked = [blank_row(row, person) for row in rows]
    return batch if blanked == rows else pa.RecordBatch.from_pylist(blanked, schema=batch.schema)


def blank_row(row: dict[str, Any], person: Person) -> dict[str, Any]:
    """One event without the person. Does what the statements over events do (see `rows`)."""
    is_own = is_theirs(row, person)
    named = python_pattern(person.own_pattern if is_own else person.text_pattern)
    blank, properties = dict(row), row["properties"]
    if is_own:
        blank.update(dict.fromkeys(PERSONAL_COLUMNS))
        if not row["event_name"].startswith(MONEY_PREFIX):
            blank["organization_id"] = None
        sent = json.loads(properties)
        kept = impersonal_properties(row["event_name"], sent) | {MARK: mark_of(str(person.user_id), row, sent)}
        properties = json.dumps(kept, ensure_ascii=False)
    elif is_near(row, person):
        if row["anonymous_id"] in person.anonymous_ids:
            blank["anonymous_id"] = None
        if row["session_id"] in person.session_ids:
            blank["session_id"] = None
        if row["organization_id"] is not None:
            properties = python_pattern(person.device_pattern).sub(ERASED, properties)
    if named.search(row["event_id"]):
        digest = hashlib.sha256(f"{row['source']}\x1f{row['event_id']}".encode()).hexdigest()
        blank["event_id"] = f"erased:{digest}"
    blank["properties"] = named.sub(ERASED, properties)
    return blank


def is_near(row: dict[str, Any], person: Person) -> bool:
    """Whether an event is of the person's organization, or of none."""
    return row["organization_id"] in (None, str(person.organization_id))


def is_theirs(row: dict[str, Any], person: Person) -> bool:
    """Whether an event is the person's own."""
    if row["user_id"] is not None:
        return bool(row["user_id"] == str(person.user_id))
    is_known = row["anonymous_id"] in person.anonymous_ids or row["session_id"] in person.session_ids
    return is_known and is_near(row, person)
