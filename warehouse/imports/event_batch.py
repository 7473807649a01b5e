"""The events of one batch on their way to the form in which they are stored."""

from bisect import bisect_right
from datetime import datetime

from warehouse.events import Event
from warehouse.imports.event_row import EventRow
from warehouse.imports.event_storage import Prompts, Users
from warehouse.imports.plain_events import PlainEvents
from warehouse.imports.record import Record
from warehouse.intake import ReadyEvent
from warehouse.journal.packed import PackedEvents


class EventBatch:
    """Takes rows in their order, then packs their events, then tells what stands behind each of them."""

    def __init__(self, prompts: Prompts, received_at: datetime) -> None:
        self.users: set[str] = set()
        self._prompts = prompts
        self._received_at = received_at
        self._found_users: Users = {}
        # Those that were looked at by themselves stand together as far as nothing plain stands between them.
        self._runs: list[list[tuple[EventRow, Event | None]] | PlainEvents] = []
        # Of each of these, the ordinal of its first event.
        self._starts: list[int] = []
        self._count = 0

    def take_plain(self, plain: PlainEvents) -> None:
        """Take events of which every prompt is known."""
        self.users |= plain.users
        self._append(plain)
        self._count += plain.row_count

    def take(self, row: EventRow) -> None:
        """Take one event. Raises `RowInvalid`."""
        looked = row, row.check(self._prompts, self._received_at)
        if self._runs and isinstance(run := self._runs[-1], list):
            run.append(looked)
        else:
            self._append([looked])
        self._count += 1
        if row.user_external_id is not None:
            self.users.add(row.user_external_id)

    def _append(self, run: list[tuple[EventRow, Event | None]] | PlainEvents) -> None:
        self._starts.append(self._count)
        self._runs.append(run)

    def packed(self, users: Users) -> list[PackedEvents]:
        """All of them, some at a time; `users` are those it asked for."""
        self._found_users = users
        return [
            run.packed(self._prompts, users)
            if isinstance(run, PlainEvents)
            else PackedEvents.of([self._ready(*each) for each in run])
            for run in self._runs
        ]

    def _ready(self, row: EventRow, event: Event | None) -> ReadyEvent:
        return row.ready(event, self._prompts, self._found_users, self._received_at)

    def event_of(self, ordinal: int) -> ReadyEvent:
        """The event with this ordinal, looked at by itself."""
        run, place = self._at(ordinal)
        return self._ready(run.part(place), None) if isinstance(run, PlainEvents) else self._ready(*run[place])

    def record_of(self, ordinal: int) -> Record:
        """What the event with this ordinal was read as."""
        run, place = self._at(ordinal)
        return run.record_of(place) if isinstance(run, PlainEvents) else run[place][0].record

    def _at(self, ordinal: int) -> tuple[list[tuple[EventRow, Event | None]] | PlainEvents, int]:
        index = bisect_right(self._starts, ordinal) - 1
        return self._runs[index], ordinal - self._starts[index]
