"""Rows of import files, and files of rows."""

import csv
import json
from pathlib import Path


def write_rows(path: Path, rows: list[dict]) -> Path:
    """Rows as a file; columns are those of all rows together."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def prompt(external_id="p1", **values):
    return {"external_id": external_id, "title": f"Title {external_id}", "template": "Say ${word}", **values}


def order(external_id="o1", **values):
    return {
        "external_id": external_id,
        "prompt_external_id": "p1",
        "user_external_id": "u1",
        "amount_cents": "1000",
        "currency": "USD",
        "paid_at": "2026-01-02T03:04:05Z",
        "refunded_at": "",
        "refunded_cents": "",
        **values,
    }


def event(event_id="e1", **values):
    return {
        "event_id": event_id,
        "event_name": "prompt.viewed",
        "occurred_at": "2026-01-02T03:04:05Z",
        "prompt_external_id": "p1",
        **values,
    }
