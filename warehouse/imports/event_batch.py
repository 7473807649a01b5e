"""The events of one batch on their way to the lines in which they are stored."""

from bisect import bisect_right
from datetime import datetime

from warehouse.events import Event
from warehouse.imports.event_row import EventRow
from warehouse.imports.event_storage import Prompts, Users
from warehouse.imports.plain_events import PlainEvents
from warehouse.imports.record import Record
from warehouse.intake import ReadyEvent
from warehouse.journal.copy_line import Line, copy_lines


class EventBatch:
    """Takes rows in their order, then makes their lines, then tells what stands behind a line."""

    def __init__(self, prompts: Prompts, received_at: datetime) -> None:
        self.users: set[str] = set()
        self._prompts = prompts
        self._received_at = received_at
        self._found_users: Users = {}
        self._rows: list[tuple[EventRow, Event | None] | PlainEvents] = []
        # Of each of these, its first line.
        self._starts: list[int] = []
        self._line_count = 0

    def take_plain(self, plain: PlainEvents) -> None:
        """Take events of which every prompt is known."""
        self.users |= plain.users
        self._append(plain, plain.row_count)

    def take(self, row: EventRow) -> None:
        """Take one event. Raises `RowInvalid`."""
        self._append((row, row.check(self._prompts, self._received_at)), 1)
        if row.user_external_id is not None:
            self.users.add(row.user_external_id)

    def _append(self, row: tuple[EventRow, Event | None] | PlainEvents, line_count: int) -> None:
        self._starts.append(self._line_count)
        self._rows.append(row)
        self._line_count += line_count

    def lines(self, users: Users) -> list[Line]:
        """A line for each event; `users` are those it asked for."""
        self._found_users = users
        found: list[Line] = []
        for each in self._rows:
            if isinstance(each, PlainEvents):
                found += each.lines(self._prompts, users)
            else:
                found += copy_lines([self._ready(*each)])
        return found

    def _ready(self, row: EventRow, event: Event | None) -> ReadyEvent:
        return row.ready(event, self._prompts, self._found_users, self._received_at)

    def event_of(self, ordinal: int) -> ReadyEvent:
        """The event of a line, looked at by itself."""
        each, place = self._at(ordinal)
        if not isinstance(each, PlainEvents):
            return self._ready(*each)
        return self._ready(each.part(place), None)

    def record_of(self, ordinal: int) -> Record:
        """What the event of a line was read as."""
        each, place = self._at(ordinal)
        return each.record_of(place) if isinstance(each, PlainEvents) else each[0].record

    def _at(self, ordinal: int) -> tuple[tuple[EventRow, Event | None] | PlainEvents, int]:
        index = bisect_right(self._starts, ordinal) - 1
        return self._rows[index], ordinal - self._starts[index]
