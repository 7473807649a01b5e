"""Which devices are a person's alone, so that what was done on them before a log-in can be handed to the person.

Ids of devices and visits are whatever a caller sends: anybody can claim one. What stands behind an id is handed out
only where nobody else was ever seen with it, and where it is too long to be guessed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

DeviceKind = Literal["anonymous_id", "session_id"]
DEVICE_KINDS: tuple[DeviceKind, ...] = ("anonymous_id", "session_id")
LeftOut = Literal["also_of_others", "guessable_id"]

# A UUID has 36 letters; numbers that only count visitors have few.
GUESSABLE_BELOW = 16


class Device(NamedTuple):
    """An id of a device or of a visit."""

    kind: DeviceKind
    id: str


@dataclass(frozen=True)
class Devices:
    """The devices a person was seen on, those named beside them by nobody, and those of all these that others used."""

    seen: frozenset[Device] = frozenset()
    beside: frozenset[Device] = frozenset()
    foreign: frozenset[Device] = frozenset()
    # Whether there are more than were looked at.
    is_cut: bool = False

    @property
    def named(self) -> frozenset[Device]:
        """All of them."""
        return self.seen | self.beside

    def reason(self, device: Device) -> LeftOut | None:
        """Why the events of a device are not handed out; None where they are."""
        if device in self.foreign:
            return "also_of_others"
        return "guessable_id" if len(device.id) < GUESSABLE_BELOW else None

    def parameters(self) -> dict[str, Any]:
        """What the statement over events asks for: an event names an own device, and none that somebody else used."""
        own = [device for device in self.seen if self.reason(device) is None]
        clear = self.named - self.foreign
        return {
            "own_anonymous_ids": ids_of("anonymous_id", own),
            "own_session_ids": ids_of("session_id", own),
            "clear_anonymous_ids": ids_of("anonymous_id", clear),
            "clear_session_ids": ids_of("session_id", clear),
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """What the export says of each device."""
        for device in sorted(self.seen):
            reason = self.reason(device)
            yield {"kind": device.kind, "id": device.id, "is_included": reason is None, "left_out_because": reason}
        if self.is_cut:
            yield {"kind": None, "id": None, "is_included": False, "left_out_because": "too_many_devices"}


def ids_of(kind: DeviceKind, devices: Iterable[Device]) -> list[str]:
    """The ids of one kind."""
    return [device.id for device in devices if device.kind == kind]
