"""Which passwords are taken: long enough, and not among those that are tried first (NIST SP 800-63B-4, 3.1.1.2)."""

import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

from anyio import to_thread
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from api.auth.account.errors import PasswordTooCommon, PasswordTooShort
from api.errors import ApiError, FieldProblem

# 15 where the password is the only factor, 8 where it is not. Characters, not bytes.
PASSWORD_MIN_LENGTH = 15
PASSWORD_MIN_LENGTH_WITH_SECOND_FACTOR = 8
# What zxcvbn thinks is found within a million guesses is found by somebody who may try a few a minute.
GUESSES_MIN = 1_000_000
# Longer ones are not rated: the time it takes grows with the cube, and nobody guesses at their parts.
RATED_MAX_LENGTH = 40
OWN_WORD_MIN_LENGTH = 3


async def check_password(
    password: str, *, own: Iterable[str | None], has_second_factor: bool = False, field: str = "password"
) -> None:
    """Raises `PasswordTooShort` or `PasswordTooCommon`; `own` is what everybody knows of the user."""
    shortest = PASSWORD_MIN_LENGTH_WITH_SECOND_FACTOR if has_second_factor else PASSWORD_MIN_LENGTH
    if len(password) < shortest:
        raise _refusal(PasswordTooShort, field, f"must have at least {shortest} characters")
    known = [word for word in own if word]
    if await to_thread.run_sync(is_common, password, known):
        raise _refusal(PasswordTooCommon, field, "is one that is tried first: choose another")


def _refusal(error: type[ApiError], field: str, message: str) -> ApiError:
    return error(f"{field}: {message}", errors=[FieldProblem(location="body", field=field, message=message)])


def is_common(password: str, own: Iterable[str]) -> bool:
    """Whether a password is tried first: often used, a variation of that, or made of the user's own e-mail or name."""
    folded = unicodedata.normalize("NFKC", password).casefold()
    words = _words(own)
    # The part that is repeated, such as "qwerty" of "qwertyqwertyqwerty"; where none is, all of it.
    part = folded[: (folded + folded).find(folded, 1)]
    if folded in words or part in words or part in _common_passwords():
        return True
    if len(part) == 1 or len(folded) > RATED_MAX_LENGTH:
        return False
    return bool(zxcvbn(folded, user_inputs=sorted(words))["guesses"] < GUESSES_MIN)


def _words(own: Iterable[str]) -> Collection[str]:
    """What is known of a user, whole and in parts."""
    whole = {text.casefold() for text in own}
    parts = {word for text in whole for word in text.replace("@", " ").replace(".", " ").split()}
    return (
        whole | {"".join(text.split()) for text in whole} | {word for word in parts if len(word) >= OWN_WORD_MIN_LENGTH}
    )


@lru_cache(maxsize=1)
def _common_passwords() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])
