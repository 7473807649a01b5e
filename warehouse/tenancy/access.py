"""As whom the parts of the product connect."""

import base64
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from warehouse.settings import Settings, database_name
from warehouse.tenancy.scope import PLATFORM, SETTING, ScopeSigner
from warehouse.tenancy.secret import derive, tenancy_secret

# Postgres cuts names after 63 bytes.
LONGEST_NAME = 63


@dataclass(frozen=True, repr=False)
class Access:
    """The URLs of the roles that own nothing, and the key scopes are signed with. Holds passwords: never log it."""

    application_url: str
    marts_url: str
    analyst_url: str
    scope_key: bytes
    # Roles an operator made and named by a URL; the product grants them what they need and leaves their log-in alone.
    given: frozenset[str] = frozenset()

    def siblings(self, url: str) -> frozenset[str]:
        """The other roles on the server a URL leads to; the role itself is among them if another URL names it too."""
        others = [self.application_url, self.marts_url, self.analyst_url]
        others.remove(url)
        return frozenset(user_of(other) for other in others if self._share_server(url, other))

    def _share_server(self, one: str, other: str) -> bool:
        """Both readers are roles of the warehouse, also where one of them reads a replica of it."""
        return self.application_url not in (one, other) or _server_of(one) == _server_of(other)

    @property
    def platform_url(self) -> str:
        """The application role's URL whose sessions are in the platform's scope from the start."""
        return with_option(self.application_url, SETTING, ScopeSigner(self.scope_key).sign(PLATFORM))


def access_of(settings: Settings, *, database_url: str, warehouse_url: str) -> Access:
    """Roles named after their database, so that each database of a server has its own; or those of the settings."""
    secret = tenancy_secret(settings)
    application, reader, analyst = (
        given or _with_role(url, kind, secret)
        for given, url, kind in (
            (settings.application_database_url, database_url, "application"),
            (settings.marts_database_url, warehouse_url, "reader"),
            (settings.analyst_database_url, warehouse_url, "analyst"),
        )
    )
    given = (settings.application_database_url, settings.marts_database_url, settings.analyst_database_url)
    return Access(
        application_url=application,
        marts_url=reader,
        analyst_url=analyst,
        scope_key=derive(secret, "scope"),
        given=frozenset(url for url in given if url is not None),
    )


def role_name(database: str, kind: str) -> str:
    """The role of a kind that belongs to a database."""
    name = f"{database}_{kind}"
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = derive(database.encode(), kind).hex()[:12]
    return f"{database.encode()[: LONGEST_NAME - 14 - len(kind)].decode(errors='ignore')}_{digest}_{kind}"


def user_of(url: str) -> str:
    """The role a URL connects as."""
    from psycopg.conninfo import conninfo_to_dict

    return str(conninfo_to_dict(url).get("user", ""))


def password_of(url: str) -> str:
    """The password a URL connects with."""
    from psycopg.conninfo import conninfo_to_dict

    return str(conninfo_to_dict(url).get("password", ""))


def _server_of(url: str) -> tuple[str, str]:
    from psycopg.conninfo import conninfo_to_dict

    named = conninfo_to_dict(url)
    return str(named.get("host", "")), str(named.get("port", "5432"))


def with_option(url: str, setting: str, value: str) -> str:
    """The URL whose sessions begin with a setting."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query["options"] = f"{query.get('options', '')} -c {setting}={value}".strip()
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def _with_role(url: str, kind: str, secret: bytes) -> str:
    name = role_name(database_name(url), kind)
    password = base64.urlsafe_b64encode(derive(secret, f"password:{name}")).decode().rstrip("=")
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = urlencode(
        [(key, value) for key, value in parse_qsl(parts.query) if key not in ("user", "password")], quote_via=quote
    )
    return urlunsplit(parts._replace(netloc=f"{quote(name, safe='')}:{password}@{host}", query=query))
