"""Which rows of events are a person's and what is left of them, in SQL that both databases read."""

from typing import Any

from warehouse.erasure.event import MARK, MARK_OF_SQL, kept_names_sql
from warehouse.erasure.person import ERASED, Person

NEAR = "(organization_id is null or organization_id = %(organization_id)s{uuid})"
# The user's own, and those without a user from a device or visit of the user (see `person.Person`).
THEIRS = """(
    user_id = %(user_id)s{uuid}
    or user_id is null
        and (organization_id is null or organization_id = %(organization_id)s{uuid})
        and (anonymous_id = any(%(anonymous_ids)s) or session_id = any(%(session_ids)s))
)"""
# Of others, but with something of the person in them.
MENTIONING = """(
    properties::text ~* %(text_pattern)s
    or event_id ~* %(text_pattern)s
    or (organization_id is null or organization_id = %(organization_id)s{uuid})
        and (anonymous_id = any(%(anonymous_ids)s) or session_id = any(%(session_ids)s))
    or organization_id = %(organization_id)s{uuid} and properties::text ~* %(device_pattern)s
)"""
DEVICES = "select distinct anonymous_id, session_id from {events} where user_id = %(user_id)s{uuid}"

# The same id in every store, so that they go on agreeing.
REKEYED = r"""
case
    when event_id ~* %({pattern})s
        then 'erased:' || encode(sha256(convert_to(source || E'\x1f' || event_id, 'UTF8')), 'hex')
    else event_id
end"""
BLANK = f"""
update {{events}} set
    organization_id = case when event_name like 'order.%%' then organization_id end,
    user_id = null, anonymous_id = null, session_id = null, request_id = null,
    event_id = {REKEYED.format(pattern="own_pattern")},
    properties = regexp_replace(
        coalesce(
            (
                select jsonb_object_agg(key, value) from jsonb_each(properties)
                where key = any({kept_names_sql()})
            ),
            '{{{{}}}}'
        )::text,
        %(own_pattern)s, '{ERASED}', 'gi'
    )::jsonb || jsonb_build_object('{MARK}', {MARK_OF_SQL}){{stamp}}
where {{theirs}}
"""  # nosec B608
FORGET = f"""
update {{events}} set
    event_id = {REKEYED.format(pattern="text_pattern")},
    anonymous_id = case when {{near}} and anonymous_id = any(%(anonymous_ids)s) then null else anonymous_id end,
    session_id = case when {{near}} and session_id = any(%(session_ids)s) then null else session_id end,
    properties = regexp_replace(
        case
            when organization_id = %(organization_id)s{{uuid}}
                then regexp_replace(properties::text, %(device_pattern)s, '{ERASED}', 'gi')
            else properties::text
        end,
        %(text_pattern)s, '{ERASED}', 'gi'
    )::jsonb{{stamp}}
where {{mentioning}}
"""  # nosec B608


def event_statements(events: str, *, uuid: str = "", stamp: str = "") -> tuple[str, str]:
    """The statements that blank a person in a table of events whose ids are uuids or, in the warehouse, texts."""
    return (
        BLANK.format(events=events, stamp=stamp, theirs=THEIRS.format(uuid=uuid)),
        FORGET.format(
            events=events, stamp=stamp, uuid=uuid, near=NEAR.format(uuid=uuid), mentioning=MENTIONING.format(uuid=uuid)
        ),
    )


def event_parameters(person: Person) -> dict[str, Any]:
    """What the statements ask for."""
    return {
        "user_id": str(person.user_id),
        "tombstone_id": str(person.tombstone_id) if person.tombstone_id else None,
        "organization_id": str(person.organization_id),
        "anonymous_ids": list(person.anonymous_ids),
        "session_ids": list(person.session_ids),
        "words": person.words,
        "text_pattern": person.text_pattern,
        "own_pattern": person.own_pattern,
        "unverified_emails": list(person.unverified_emails),
        "device_pattern": person.device_pattern,
    }


def text_of_binary(column: str) -> str:
    """SQL for a binary column as text to search. Bytes that are no letters of ASCII become blanks.

    Postgres writes them as three digits, and a name beside them would look like part of a longer one.
    """
    return rf"replace(regexp_replace(encode({column}, 'escape'), '\\[0-7][0-7][0-7]', ' ', 'g'), '\\', '\')"
