"""What a person is known by."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from warehouse.erasure.naming import NEVER, escaped, forms_of, text_pattern

ERASED = "erased"


@dataclass(frozen=True)
class Person:
    """A person to erase. `tombstone_id` is the user without a name that its orders belong to now.

    `anonymous_ids` and `session_ids` are of devices and visits that were seen together with the user. They are what
    callers sent, so they are looked for in events of the user's organization alone, and never inside other data: else
    somebody could call a device by the id of another seller's prompt, and have that erased. Nor is an e-mail that
    nobody verified looked for in data of others: anybody can register with the address of somebody else. `others` are
    addresses that hold one of this person's and belong to somebody else.
    """

    erasure_id: UUID
    user_id: UUID
    tombstone_id: UUID | None
    organization_id: UUID
    emails: tuple[str, ...]
    anonymous_ids: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()
    unverified_emails: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """What names the person and nobody else."""
        return [str(self.user_id), *self.emails]

    @property
    def text_pattern(self) -> str:
        """A regular expression, for any case, that finds the person in a text (see `naming`)."""
        return text_pattern(self.words, self.others)

    @property
    def own_pattern(self) -> str:
        """The same for what is the person's own, or the platform's: also by an e-mail that nobody verified."""
        return text_pattern([*self.words, *self.unverified_emails], self.others)

    @property
    def forms(self) -> list[str]:
        """The words in all forms they are written in."""
        return list(dict.fromkeys(form for word in self.words for form in forms_of(word)))

    @property
    def device_pattern(self) -> str:
        """The same for devices, as whole strings in JSON."""
        return _strings([*self.anonymous_ids, *self.session_ids])


def _strings(words: Iterable[str]) -> str:
    found = "|".join(escaped(json.dumps(word, ensure_ascii=False)[1:-1]) for word in words if word)
    return f'(?<=")({found})(?=")' if found else NEVER
