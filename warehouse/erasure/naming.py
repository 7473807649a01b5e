"""How names of a person are found in texts, JSON and files, without finding those of others who are called alike.

An address may be part of somebody else's: `bob@acme.example` of `mary-bob@acme.example`. By its letters alone it can't
be told from a text with a word beside it (`x-bob@acme.example-x`), so the others are named too, and passed over.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

NEVER = "$.^"
# More of others than this are passed over by the one letter that stands beside the name, which says less: a pattern
# has to stay small, and anybody may register addresses.
SPELLED_OUT_MAX = 20
# What may stand before a word: no letter or digit, or the end of what JSON or a URL writes for another sign. All is
# asked after the word, which costs a fraction of asking at every letter of a text.
BEGINS = (
    r"(?<![[:alnum:]]{word})",
    r"(?<=[^\\]\\[bfnrt]{word})",
    r"(?<=[^\\]\\u[0-9a-f][0-9a-f][0-9a-f][0-9a-f]{word})",
    r"(?<=%[0-9a-f][0-9a-f]{word})",
)
END = "(?![[:alnum:]])"
# Others who are called by one of these words, in small letters, and something more: users, who is invited, and who is
# being erased as well.
OTHERS = """
select distinct known.email
from (
    select email from users where email is not null
    union all
    select email from invitations
    union all
    select unnest(emails || unverified_emails) from erasures where completed_at is null
) as known
where lower(known.email) <> all(cast({words} as text[])) and exists (
    select from unnest(cast({words} as text[])) as words (word) where strpos(lower(known.email), words.word) > 0
)
"""


def text_pattern(words: Iterable[str], others: Sequence[str] = ()) -> str:
    """A regular expression, for any case, that finds these words, and not in the names of others.

    Python and Postgres read it alike.
    """
    found = "|".join(_guarded(word, form, others) for word in words for form in forms_of(word))
    return f"(?:{found}){END}" if found else NEVER


def forms_of(word: str) -> list[str]:
    """The word as it is, as JSON in ASCII and URLs write it, and as it is in a binary read as ASCII."""
    writers = (str, _as_json, _as_url, _as_browser_url, _as_ascii)
    return list(dict.fromkeys("".join(map(write, word)) for write in writers))


def escaped(word: str) -> str:
    """A word as a regular expression that finds it alone."""
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in word)


def python_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of this module, compiled for Python."""
    return re.compile(pattern.replace("[[:alnum:]]", "[^\\W_]"), re.IGNORECASE)


def bytes_pattern(pattern: str) -> re.Pattern[bytes]:
    """The same for bytes, for any case of ASCII."""
    return re.compile(pattern.replace("[[:alnum:]]", "[0-9A-Za-z]").encode(), re.IGNORECASE)


def _guarded(word: str, form: str, others: Sequence[str]) -> str:
    """The form of a word, where it is no part of one of the others."""
    around = sorted(set(_around(word.lower(), others)))
    if len(around) > SPELLED_OUT_MAX:
        around = sorted({(before[-1:], "" if before else after[:1]) for before, after in around})
    word = escaped(form)
    begins = "|".join(begin.replace("{word}", word) for begin in BEGINS)
    return f"{word}(?:{begins})" + "".join(_guard(word, before, after) for before, after in around)


def _around(word: str, others: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What stands before and after the word, wherever it stands in one of the others."""
    for other in map(str.lower, others):
        begin = other.find(word)
        while begin >= 0:
            before, after = other[:begin], other[begin + len(word) :]
            if before or after:
                yield before, after
            begin = other.find(word, begin + 1)


def _guard(word: str, before: str, after: str) -> str:
    """A condition after the word: not between these two."""
    not_after = "".join(f"(?<!{escaped(each)}{word})" for each in forms_of(before)) if before else ""
    not_before = f"(?!{'|'.join(map(escaped, forms_of(after)))})" if after else ""
    return f"(?:{not_after}|{not_before})" if before and after else not_after + not_before


def _as_json(letter: str) -> str:
    return json.dumps(letter)[1:-1]


def _as_url(letter: str) -> str:
    return quote(letter, safe="")


def _as_browser_url(letter: str) -> str:
    return quote(letter, safe="!'()*")


def _as_ascii(letter: str) -> str:
    """A letter, or as many blanks as it has bytes (see `rows.text_of_binary`)."""
    return letter if letter.isascii() else " " * len(letter.encode())
