"""What others read of the event catalogue: JSON Schema, `docs/events.md`, and the macro that dbt checks by.

All of it is made from `warehouse/events.py` and `warehouse/journal/reasons.py`; edit there and run `make docs`.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from warehouse.events import (
    CATALOGUE,
    CLOCK_TOLERANCE_SECONDS,
    EVENT_MAX_BYTES,
    EVENT_NAME_PATTERN,
    EVENTS_BODY_MAX_BYTES,
    LATEST_EVENT_AHEAD_SECONDS,
    LIVE_EVENT_MAX_AGE_DAYS,
    NEEDS_PROMPT,
    Event,
    is_server_only,
)
from warehouse.imports.formats import FORMATS, Format
from warehouse.journal.quarantine import RAW_MAX_BYTES
from warehouse.journal.reasons import REASONS

DOCUMENT = Path("docs/events.md")
MACRO = Path("transforms/macros/event_catalogue.sql")
DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Fields of the envelope as a client sends it; the others are the server's to say.
CLIENT_FIELDS = {
    "event_id": "Unique in its source: sent twice it counts once, for ever.",
    "event_name": "`object.past_verb`, known or not.",
    "occurred_at": "When it happened, by the sender's clock, with its zone.",
    "sent_at": "When it is sent, by the same clock: tells how wrong that clock is.",
    "source": "Who counts the ids. By default `client:<organization_id>`; another name is put behind that.",
    "schema_version": "Version of the properties; 1 unless said.",
    "sample_rate": "The share of such events that is sent, when not all. Nothing is weighted by it.",
    "anonymous_id": "A visitor before it is known who it is.",
    "session_id": "A visit.",
    "request_id": "The call it belongs to, as in `X-Request-ID`.",
    "prompt_id": "The prompt it is about.",
    "properties": "What belongs to this event; further ones are kept.",
}
NEEDED_FIELDS = ("event_id", "event_name", "occurred_at")
SERVER_FIELDS = {
    "received_at": "When it arrived.",
    "organization_id": "The organization of the log-in that sent it.",
    "user_id": "The user of that log-in.",
    "clock_offset_ms": "By how much `occurred_at` was corrected.",
    "agent": "`browser`, `program` or `bot`, by the sender's `User-Agent`.",
    "is_own": "Whether the organization is the seller of the prompt.",
    "is_staff": "Whether the user is an operator.",
}


def describe_event(event_name: str) -> str:
    """What a known event means, as a sentence."""
    return (CATALOGUE[event_name].__doc__ or "").strip().splitlines()[0]


def envelope_schema() -> dict[str, Any]:
    """JSON Schema of any event as a client sends it."""
    fields = Event.model_json_schema()["properties"]
    fields["sent_at"] = {"type": "string", "format": "date-time"}
    described = {
        name: _without_title(fields[name]) | {"description": text.replace("`", "")}
        for name, text in CLIENT_FIELDS.items()
    }
    described["event_name"]["pattern"] = f"^{EVENT_NAME_PATTERN.pattern}$"
    return {"type": "object", "required": list(NEEDED_FIELDS), "properties": described, "additionalProperties": False}


def event_schema_of(event_name: str) -> dict[str, Any]:
    """JSON Schema of a known event, whole: the envelope with this name and these properties."""
    schema = envelope_schema()
    properties = CATALOGUE[event_name].model_json_schema(ref_template="#/$defs/{model}")
    definitions = properties.pop("$defs", {})
    schema["properties"] |= {
        "event_name": {"const": event_name},
        "properties": _without_title(properties),
    }
    needed = [*NEEDED_FIELDS]
    if event_name in NEEDS_PROMPT:
        needed.append("prompt_id")
        schema["properties"]["prompt_id"] = {"type": "string", "format": "uuid"}
    if properties.get("required"):
        needed.append("properties")
    title = {"$schema": DIALECT, "title": event_name, "description": describe_event(event_name)}
    return title | schema | {"required": needed} | ({"$defs": definitions} if definitions else {})


def _without_title(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the titles pydantic makes up from names."""
    return {name: value for name, value in schema.items() if name != "title"}


def render_document() -> str:
    """The catalogue as the Markdown of `docs/events.md`."""
    lines = [
        "# Events",
        "",
        "What is written when something happens, and what of it is taken. Made from `warehouse/events.py` by",
        "`make docs`; edit there. The same as JSON Schema: `GET /api/v1/analytics/events/schemas`.",
        "",
        "## Envelope",
        "",
        "Every event has these fields; (`source`, `event_id`) is unique for ever. Needed of a client:",
        f"{', '.join(f'`{name}`' for name in NEEDED_FIELDS)}.",
        "",
        "| field | said by | is |",
        "| --- | --- | --- |",
        *(f"| `{name}` | sender | {text} |" for name, text in CLIENT_FIELDS.items()),
        *(f"| `{name}` | server | {text} |" for name, text in SERVER_FIELDS.items()),
        "",
        f"An event has at most {EVENT_MAX_BYTES:,} bytes. A client may report what happened in the last",
        f"{LIVE_EVENT_MAX_AGE_DAYS} days, and at most {LATEST_EVENT_AHEAD_SECONDS // 60} minutes ahead of the server's",
        f"clock. With `sent_at`, a clock that is wrong by {CLOCK_TOLERANCE_SECONDS} seconds or more is corrected.",
        "Older events come as an import (`manage.py import events`), by an operator.",
        *_request_lines(),
        "",
        "## Known events",
        "",
        f"Other names are kept when they match `{EVENT_NAME_PATTERN.pattern}`. Names marked *server* are",
        "refused from clients, as is everything that begins with `order.`.",
        "",
        "| event | means | properties (**needed**) |",
        "| --- | --- | --- |",
        *(_event_line(name) for name in CATALOGUE),
        "",
        *(line for export in FORMATS.values() for line in _export_lines(export)),
        "## Reasons of quarantine",
        "",
        "What can't be taken is kept with one of these reasons, and never stops the rest. Of more than",
        f"{RAW_MAX_BYTES:,} bytes the beginning is kept, with size and hash; that can't be tried again. Others can, by",
        "`manage.py events replay-quarantine`. `<column>` is a column of a file.",
        "",
        "| reason | means |",
        "| --- | --- |",
        *(f"| `{name}` | {text} |" for name, text in REASONS.items()),
    ]
    return "\n".join(lines) + "\n"


def _event_line(event_name: str) -> str:
    schema = CATALOGUE[event_name].model_json_schema()
    needed = set(schema.get("required", ()))
    properties = ", ".join(f"**{name}**" if name in needed else name for name in schema.get("properties", {}))
    mark = " *server*" if is_server_only(event_name) else ""
    prompt = "**prompt_id** in the envelope; " if event_name in NEEDS_PROMPT else ""
    return f"| `{event_name}`{mark} | {describe_event(event_name)} | {prompt}{properties or '–'} |"


def _export_lines(export: Format) -> list[str]:
    return [
        f"## Exports of {export.title}",
        "",
        f"`manage.py import events FILE --format {export.name}`. Other events become `{export.name}.<their name>`; a",
        "known one that lacks what the catalogue asks for goes into quarantine.",
        "",
        "| column | taken from |",
        "| --- | --- |",
        *(f"| `{ours}` | {theirs} |" for ours, theirs in export.columns.items()),
        "",
        "| their event | ours |",
        "| --- | --- |",
        *(f"| `{theirs}` | `{ours}` |" for theirs, ours in export.event_names.items()),
        "",
    ]


def _request_lines() -> list[str]:
    return [
        "",
        "## Requests",
        "",
        f"`POST /api/v1/analytics/events` takes one event or up to 1,000, in at most {EVENTS_BODY_MAX_BYTES:,} bytes.",
        "Each event is judged alone: the answer is 202 with how many were accepted, how many were known, and of each",
        "that was refused its place in the request and the reason, also when no other is in it. A request is refused",
        "as a whole, and nothing of it is kept, when",
        "",
        "| answer | the body |",
        "| --- | --- |",
        "| 400 | is not JSON, or nested deeper than a reader follows |",
        "| 413 | has more bytes, or more events |",
        "| 415 | is sent as another type than `application/json`, or compressed |",
        "| 422 | is JSON, but neither an object nor a list |",
    ]


def render_macro() -> str:
    """The names as a macro, for the test that every stored name is known or well-formed."""
    names = "\n".join(f"        '{name}'," for name in CATALOGUE)
    return (
        "{#- Made from warehouse/events.py by `make docs`; edit there. -#}\n"
        "{% macro known_event_names() %}\n    {{ return([\n"
        f"{names}\n"
        "    ]) }}\n{% endmacro %}\n\n"
        "{% macro event_name_pattern() %}\n"
        f"    {{{{ return({json.dumps('^' + EVENT_NAME_PATTERN.pattern + '$')}) }}}}\n"
        "{% endmacro %}\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `docs/events.md` and dbt's macro under the current directory."""
    argparse.ArgumentParser(prog="python -m warehouse.event_document", description=main.__doc__).parse_args(arguments)
    DOCUMENT.write_text(render_document(), encoding="utf-8")
    MACRO.write_text(render_macro(), encoding="utf-8")
    print(f"{len(CATALOGUE)} events written to {DOCUMENT} and {MACRO}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
