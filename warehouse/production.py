"""What production refuses to start with: secrets that everybody can read in this repository, and settings left out.

Secrets are found by their type, not by a list: one that is added later is refused by the same rules.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

# Secrets the product does without.
OPTIONAL_SECRETS = frozenset({"jwt_previous_secrets", "sentry_dsn", "alert_webhook_secret"})
# What compose files, images and tutorials use.
WELL_KNOWN_PASSWORDS = frozenset({"marketplace", "postgres", "password", "redis", "admin", "secret", "changeme"})


def secret_names(settings: type[BaseSettings]) -> list[str]:
    """The settings that hold secrets."""
    return [name for name, field in settings.model_fields.items() if _holds_secret(field.annotation)]


def refused_in_production(settings: BaseSettings, needed: Mapping[str, str]) -> list[str]:
    """Name each setting that production can't run with, as a sentence; `needed` gives the reason for some of them."""
    found = [f"{name.upper()} is missing ({why})" for name, why in needed.items() if getattr(settings, name) is None]
    public = _development_secrets(type(settings))
    for name in secret_names(type(settings)):
        values = list(_secrets(getattr(settings, name)))
        if not values and name not in OPTIONAL_SECRETS | needed.keys():
            found.append(f"{name.upper()} is missing")
        found += [_complain(name, value, public) for value in values if not value.strip() or value in public.values()]
    found += [
        f"{name.upper()} holds a password that everybody tries first"
        for name in type(settings).model_fields
        if name.endswith("_url") and _url_password(getattr(settings, name)) in WELL_KNOWN_PASSWORDS
    ]
    return found


def _complain(name: str, value: str, public: Mapping[str, str]) -> str:
    if not value.strip():
        return f"{name.upper()} is blank"
    if public.get(name) == value:
        return f"{name.upper()} is missing (the development default is public)"
    return f"{name.upper()} holds the development default of a secret (it is public)"


def _development_secrets(settings: type[BaseSettings]) -> dict[str, str]:
    """The defaults of secrets, by name."""
    fields = settings.model_fields.items()
    return {name: field.default.get_secret_value() for name, field in fields if isinstance(field.default, SecretStr)}


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def _secrets(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, tuple | list) else (value,):
        if isinstance(each, SecretStr):
            yield each.get_secret_value()


def _url_password(value: Any) -> str | None:
    url = value.get_secret_value() if isinstance(value, SecretStr) else value
    try:
        password = urlsplit(url).password if isinstance(url, str) else None
    except ValueError:
        return None
    return unquote(password) if password else None
