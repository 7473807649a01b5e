"""Reads Stripe's form encoding: ``metadata[order]=1``, ``expand[]=a``, ``items[0][price]=p``."""

import re
from urllib.parse import parse_qsl

from simulators.stripe.error import InvalidParameter, JsonObject

Pairs = list[tuple[str, str]]

MAX_DEPTH = 8
MAX_FIELDS = 1000

_KEY = re.compile(r"(?P<head>[^\[\]]+)(?P<tail>(?:\[[^\[\]]*\])*)")
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")


def read_pairs(encoded: bytes) -> Pairs:
    """Split a query string or form body into decoded pairs, in their order."""
    try:
        return parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            encoding="utf-8",
            errors="strict",
        )
    except UnicodeDecodeError as error:
        raise InvalidParameter("Invalid UTF-8 in the request: send form fields percent-encoded as UTF-8.") from error
    except ValueError as error:
        raise InvalidParameter(f"Too many parameters: at most {MAX_FIELDS} are read.") from error


def nest(pairs: Pairs) -> JsonObject:
    """Turn bracketed keys into nested objects. ``name[]`` counts up from 0, so that lists become ``{"0": ...}``.

    Whether ``{"0": ...}`` is a list or an object with that key is known to the parameter it belongs to, not here.
    """
    root: JsonObject = {}
    for key, value in pairs:
        _place(root, _split(key), value, key=key)
    return root


def _split(key: str) -> list[str]:
    match = _KEY.fullmatch(key)
    if match is None:
        raise InvalidParameter(f"Invalid parameter name: {key!r} has unbalanced or misplaced brackets.", param=key)
    segments = [match["head"], *_SEGMENT.findall(match["tail"])]
    if len(segments) > MAX_DEPTH:
        raise InvalidParameter(f"Invalid parameter name: {key!r} is nested deeper than {MAX_DEPTH}.", param=key)
    return segments


def _place(root: JsonObject, segments: list[str], value: str, *, key: str) -> None:
    node = root
    for segment in segments[:-1]:
        child = node.setdefault(segment or str(len(node)), {})
        if not isinstance(child, dict):
            raise InvalidParameter(f"Invalid parameter: {key!r} is given both as a value and as an object.", param=key)
        node = child
    leaf = segments[-1] or str(len(node))
    if isinstance(node.get(leaf), dict):
        raise InvalidParameter(f"Invalid parameter: {key!r} is given both as a value and as an object.", param=key)
    node[leaf] = value
