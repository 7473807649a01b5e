"""What a person is known by, and how that is found in text and JSON."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

ERASED = "erased"
NEVER = "$.^"


@dataclass(frozen=True)
class Person:
    """A person to erase. `tombstone_id` is the user without a name that its orders belong to now.

    `anonymous_ids` and `session_ids` are of devices and visits that were seen together with the user. They are whatever
    callers sent, so they are looked for in events of the user's organization alone, and never inside other data: else
    somebody could call a device by the id of another seller's prompt, and have that erased.
    """

    erasure_id: UUID
    user_id: UUID
    tombstone_id: UUID | None
    organization_id: UUID
    emails: tuple[str, ...]
    anonymous_ids: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """What names the person and nobody else."""
        return [str(self.user_id), *self.emails]

    @property
    def text_pattern(self) -> str:
        """A regular expression, for any case, that finds the person in a text. Python and Postgres read it alike."""
        # A longer word that only begins or ends like one of these is somebody else.
        return rf"(?<![[:alnum:]])({'|'.join(_escaped(form) for form in self.forms)})(?![[:alnum:]])"

    @property
    def forms(self) -> list[str]:
        """The words as they are, as JSON in ASCII and URLs write them, and as they are in a binary read as ASCII."""
        forms = [
            form
            for word in self.words
            for form in (word, json.dumps(word)[1:-1], quote(word, safe=""), "".join(map(_as_ascii, word)))
        ]
        return list(dict.fromkeys(forms))

    @property
    def device_pattern(self) -> str:
        """The same for devices, as whole strings in JSON."""
        return _strings([*self.anonymous_ids, *self.session_ids])


def _strings(words: Iterable[str]) -> str:
    found = "|".join(_escaped(json.dumps(word, ensure_ascii=False)[1:-1]) for word in words if word)
    return f'(?<=")({found})(?=")' if found else NEVER


def python_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of a person, compiled for Python."""
    return re.compile(pattern.replace("[[:alnum:]]", "[^\\W_]"), re.IGNORECASE)


def _as_ascii(letter: str) -> str:
    """A letter, or as many blanks as it has bytes (see `rows.text_of_binary`)."""
    return letter if letter.isascii() else " " * len(letter.encode())


def _escaped(word: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in word)
