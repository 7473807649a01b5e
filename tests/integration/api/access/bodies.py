"""A good body for every route that takes one, so that who asks decides over the answer."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

Route = tuple[str, str]
# A figure of these days is somebody's: without days the marts of the subject, which have no calendar, have none.
FIGURES = {"date_from": "2026-01-01", "date_to": "2026-12-31", "dimension": "seller", "metric": "order_count"}

# Of a route without a line here nothing is sent. Texts in braces stand for ids of the subject.
BODIES: Mapping[Route, Mapping[str, Any]] = {
    ("POST", "/api/v1/auth/register"): {
        "email": "{new}@acme.example",
        "password": "a long enough password",
        "company_name": "New",
        "role": "buyer",
    },
    ("POST", "/api/v1/auth/login"): {"email": "nobody@acme.example", "password": "a password of nobody"},
    ("POST", "/api/v1/auth/refresh"): {"refresh_token": "of nobody"},
    ("POST", "/api/v1/auth/api-keys"): {"name": "New"},
    ("POST", "/api/v1/auth/verification/confirm"): {"token": "of nobody"},
    ("POST", "/api/v1/auth/password-reset"): {"email": "nobody@acme.example"},
    ("POST", "/api/v1/auth/password-reset/confirm"): {"token": "of nobody", "password": "a long enough password"},
    ("POST", "/api/v1/auth/password"): {"current_password": "guessed", "new_password": "a long enough password"},
    ("POST", "/api/v1/auth/totp"): {"password": "guessed"},
    ("POST", "/api/v1/auth/totp/confirm"): {"code": "000000"},
    ("POST", "/api/v1/auth/totp/recovery-codes"): {"password": "guessed", "code": "000000"},
    ("DELETE", "/api/v1/auth/totp"): {"password": "guessed", "code": "000000"},
    ("POST", "/api/v1/auth/invitations/accept"): {"token": "of nobody", "password": "a long enough password"},
    ("PATCH", "/api/v1/organizations/me"): {"name": "Taken over"},
    ("PATCH", "/api/v1/organizations/me/members/{user_id}"): {"role": "buyer"},
    ("POST", "/api/v1/organizations/me/invitations"): {"email": "{new}@acme.example", "role": "buyer"},
    ("POST", "/api/v1/prompts"): {"title": "A plan", "template": "${x}", "price_cents": 0},
    ("PATCH", "/api/v1/prompts/{prompt_id}"): {"title": "Taken over"},
    ("POST", "/api/v1/prompts/{prompt_id}/versions"): {"template": "taken over"},
    ("GET", "/api/v1/marketplace/search"): {"q": "plan"},
    ("POST", "/api/v1/marketplace/purchase"): {"prompt_id": "{prompt_id}"},
    ("POST", "/api/v1/marketplace/prompts/{prompt_id}/reviews"): {"rating": 3, "text": "Fair"},
    ("POST", "/api/v1/decisions/{decision_id}/appeal"): {"text": "It is not so"},
    ("POST", "/api/v1/admin/decisions"): {
        "kind": "prompt_takedown",
        "prompt_id": "{prompt_id}",
        "reason": "other",
        "ground": "terms",
        "rule": "Terms, 1",
        "facts": "Seen",
    },
    ("POST", "/api/v1/admin/decisions/{decision_id}/lift"): {"reason": "Corrected"},
    ("POST", "/api/v1/admin/appeals/{appeal_id}/resolve"): {"outcome": "reversed", "reason": "It was so"},
    ("POST", "/api/v1/admin/users/{user_id}/deactivate"): {"reason": "Left"},
    ("POST", "/api/v1/admin/users/{user_id}/reactivate"): {"reason": "Came back"},
    ("POST", "/api/v1/admin/users/{user_id}/role"): {"role": "buyer", "reason": "Buys now"},
    ("DELETE", "/api/v1/auth/me"): {"password": "a password of nobody"},
    ("POST", "/api/v1/admin/users/{user_id}/erase"): {"reason": "Asked for it"},
    ("POST", "/api/v1/analytics/events"): {
        "event_id": "{new}",
        "event_name": "search.performed",
        "occurred_at": "2026-01-01T00:00:00Z",
        "properties": {"query": "plan"},
    },
    ("GET", "/api/v1/analytics/overview"): FIGURES,
    ("GET", "/api/v1/analytics/sellers/me/performance"): FIGURES,
    ("GET", "/api/v1/analytics/export"): FIGURES,
    ("POST", "/api/v1/webhooks/stripe"): {"id": "evt_1", "type": "payment_intent.succeeded"},
}


def make_body(route: Route, subject: Mapping[str, str]) -> dict[str, Any] | None:
    """The route's body, or its query, about this subject."""
    ids = {f"{{{name}}}": id_ for name, id_ in subject.items()} | {"{new}": uuid4().hex}
    body = BODIES.get(route)
    return body and {name: _filled(value, ids) for name, value in body.items()}


def _filled(value: Any, ids: Mapping[str, str]) -> Any:
    for place, id_ in ids.items():
        value = value.replace(place, id_) if isinstance(value, str) else value
    return value
