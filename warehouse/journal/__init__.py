"""The way of every live event: accepted into a Redis stream, then stored in Postgres in batches, each exactly once."""

from warehouse.journal.accepting import AsyncJournal, Fingerprint, JournalFull, JournalUnavailable, Known
from warehouse.journal.flushing import Flusher
from warehouse.journal.ledger import StoreReport, record_batch
from warehouse.journal.quarantine import Rejected, quarantine
from warehouse.journal.storing import store

__all__ = [
    "AsyncJournal", "Fingerprint", "Flusher", "JournalFull", "JournalUnavailable", "Known", "Rejected",
    "StoreReport", "quarantine", "record_batch", "store",
]  # fmt: skip
