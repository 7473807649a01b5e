"""The tables of the application database."""

from api.models.account import AccountLink, Invitation, RecoveryCode, SecondFactor
from api.models.audit import AuditEntry, AuditOrigin
from api.models.base import Model
from api.models.decision import Appeal, Decision, Review
from api.models.erasure import Erasure
from api.models.idempotency import IdempotencyKey
from api.models.inbox import EventBatch, EventId, QuarantinedRow, RawEvent, WebhookMessage
from api.models.ledger import BalanceTransaction, LedgerPosition
from api.models.market import ListedPrompt, Seller
from api.models.order import Entitlement, Order, Refund
from api.models.organization import Organization, User
from api.models.outbox import OutboxTask
from api.models.prompt import Prompt, PromptStatistics, PromptVersion
from api.models.session import ApiKey, LoginSession, RefreshToken
from api.models.state import OrganizationState, PromptState

__all__ = [
    "AccountLink",
    "ApiKey",
    "Appeal",
    "AuditEntry",
    "AuditOrigin",
    "BalanceTransaction",
    "Decision",
    "Entitlement",
    "Erasure",
    "EventBatch",
    "EventId",
    "IdempotencyKey",
    "Invitation",
    "LedgerPosition",
    "ListedPrompt",
    "LoginSession",
    "Model",
    "Order",
    "Organization",
    "OrganizationState",
    "OutboxTask",
    "Prompt",
    "PromptState",
    "PromptStatistics",
    "PromptVersion",
    "QuarantinedRow",
    "RawEvent",
    "RecoveryCode",
    "RefreshToken",
    "Refund",
    "Review",
    "SecondFactor",
    "Seller",
    "User",
    "WebhookMessage",
]
