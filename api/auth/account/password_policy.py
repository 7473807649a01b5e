"""Which passwords are refused although they are long enough."""

from collections.abc import Iterable

from api.auth.account.errors import PasswordTooCommon
from api.errors import FieldProblem

# What is long enough and still tried first.
COMMON_PASSWORDS = frozenset(
    {
        "passwordpassword",
        "password12345678",
        "password123456789",
        "123456789012345",
        "1234567890123456",
        "12345678901234567890",
        "qwertyuiopasdfgh",
        "qwertyuiopasdfghjkl",
        "qwertyuiop123456",
        "qwertyqwertyqwerty",
        "administrator123",
        "letmeinletmeinletmein",
    }
)


def refuse_common(password: str, *, own: Iterable[str]) -> None:
    """Raises `PasswordTooCommon` for what is tried first; `own` is what everybody knows of the user."""
    folded = password.casefold()
    if folded in COMMON_PASSWORDS or folded in {known.casefold() for known in own}:
        message = "is one that is tried first: choose another"
        raise PasswordTooCommon(
            f"password: {message}", errors=[FieldProblem(location="body", field="password", message=message)]
        )
