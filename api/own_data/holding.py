"""Where the application's tables name a user, and what becomes of it.

Every column that refers to `users` has to be here: a test compares this list with the database's own catalogue.
"""

from dataclasses import dataclass
from typing import Literal

# delete: the row goes. clear: the row stays and names nobody. replace: the row is about money; it stays and names the
# tombstone, a user without a name.
Erasure = Literal["delete", "clear", "replace"]


@dataclass(frozen=True)
class Holding:
    """A column that refers to a user. `withheld` are columns that are secret, or not about the person."""

    table: str
    column: str
    erasure: Erasure
    withheld: tuple[str, ...] = ()


# In the order of erasing: what refers to a row goes before the row.
HOLDINGS: tuple[Holding, ...] = (
    # By what names the payment provider and an import file know it is theirs.
    Holding("orders", "buyer_user_id", "replace", withheld=("stripe_payment_intent_id", "external_id")),
    Holding("reviews", "user_id", "delete"),
    # With their refresh tokens.
    Holding("sessions", "user_id", "delete"),
    Holding("account_links", "user_id", "delete", withheld=("token_hash", "bound_to")),
    # With its recovery codes.
    Holding("second_factors", "user_id", "delete", withheld=("secret",)),
    # Whom the user invited is somebody else's address.
    Holding("invitations", "invited_by_user_id", "clear", withheld=("email",)),
    # Keys act in the name of who made them.
    Holding("api_keys", "created_by_user_id", "delete", withheld=("secret_hash",)),
    Holding("api_keys", "revoked_by_user_id", "clear", withheld=("secret_hash",)),
    # The text of a prompt belongs to the organization.
    Holding("prompts", "created_by_user_id", "clear", withheld=("search_vector",)),
    Holding("prompt_versions", "created_by_user_id", "clear", withheld=("template",)),
    # What an operator decided about others is not about the operator.
    Holding("decisions", "decided_by_user_id", "clear", withheld=("facts", "end_reason", "organization_id")),
    Holding("decisions", "ended_by_user_id", "clear", withheld=("facts", "end_reason", "organization_id")),
    Holding("appeals", "appealed_by_user_id", "clear"),
    Holding("appeals", "resolved_by_user_id", "clear", withheld=("text",)),
)
# Made by an erasure itself, and naming nobody.
TOMBSTONES = frozenset({("erasures", "tombstone_user_id")})
TECHNICAL = ("changed_xid",)
