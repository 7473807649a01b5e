"""From what was sent to what is stored, fast where it is plain.

`ReadyEvent` is the one form in which events are stored, whoever read them: the API, the flusher, an import. It comes
from `ready`, of an `Event` that `warehouse.events` has checked, or from one of the quick readers, which take what is
plainly well-formed at a tenth of the cost and give None for everything else. What they give None for is not refused:
`warehouse.events` alone says what is refused, and why. What they take, they take as it does, to the bit.

A client's events are only looked at before they are accepted (`SentEvent`); the journal holds them as they were sent
(`SentBatch`), and who stores them makes them ready.

    quick = WrittenEventReader()                       # an envelope as JSON, complete
    event = quick.read(content) or ready(check(Event.model_validate_json(content)))

    make_ready(source=…, event_id=…, properties={…}, …)  # fields that were checked otherwise, such as a file's
"""

from warehouse.intake.fingerprint import event_key, payload_hash
from warehouse.intake.quick_rule import Rule, rule_of
from warehouse.intake.reading import QUICK_MAX_BYTES, LiveEventReader, WrittenEventReader, is_odd, read_moment
from warehouse.intake.ready_event import ReadyEvent, as_json, as_raw, event_of, make_ready, ready
from warehouse.intake.sent_event import Arrival, SentBatch, SentEvent, look_at, look_at_all, make_arrival_ready

__all__ = [
    "QUICK_MAX_BYTES", "Arrival", "LiveEventReader", "ReadyEvent", "Rule", "SentBatch", "SentEvent",
    "WrittenEventReader", "as_json", "as_raw", "event_key", "event_of", "is_odd", "look_at", "look_at_all",
    "make_arrival_ready", "make_ready", "payload_hash", "read_moment", "ready", "rule_of",
]  # fmt: skip
