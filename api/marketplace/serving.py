"""Lists as they are served: each answer has a receipt, and what it showed at which position is an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from api.marketplace.catalog.schemas import ListedPrompt
from api.pagination import CursorInvalid, decode_cursor, encode_cursor
from api.tracker import Tracker

# Deeper than anybody pages; a cursor that says more was not given out by us.
POSITION_MAX = 10_000_000


@dataclass(frozen=True)
class Place:
    """Where a page ended: the sort key and id of its last item, and its position (0 when nothing was shown)."""

    key: str
    id: UUID
    position: int


def encode_place(order: str, place: Place) -> str:
    """A cursor that leads on from a place in a list of this order."""
    return encode_cursor(order, place.key, str(place.id), str(place.position))


def decode_place(cursor: str) -> tuple[str, Place]:
    """The order and place in a cursor. Raises `CursorInvalid`."""
    order, key, id_, position = decode_cursor(cursor, 4)
    try:
        place = Place(key, UUID(id_), int(position))
    except ValueError:
        raise CursorInvalid from None
    if not 0 <= place.position <= POSITION_MAX:
        raise CursorInvalid
    return order, place


def record_served(tracker: Tracker, surface: str, items: Sequence[ListedPrompt], **more: Any) -> str:
    """Note what was served where; the id of the receipt.

    Nothing here is left to chance: every item is put at its position with certainty (propensity 1).
    """
    receipt_id = str(uuid4())
    shown = [
        {
            "prompt_id": str(item.prompt_id),
            "version": item.current_version,
            "position": item.position,
            "score": item.score,
            "propensity": 1.0,
            "is_exploration": False,
        }
        for item in items
    ]
    properties = {"query": None, "policy_version": None, **more}
    tracker.record("results.served", {"surface": surface, "receipt_id": receipt_id, **properties, "items": shown})
    return receipt_id
