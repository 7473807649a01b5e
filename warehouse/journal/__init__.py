"""The way of every live event: accepted into a Redis stream, then stored in Postgres in batches, each exactly once."""

from warehouse.journal.accepting import AsyncJournal, JournalFull, JournalUnavailable, Known
from warehouse.journal.flushing import Flusher
from warehouse.journal.ledger import StoreReport, record_batch
from warehouse.journal.quarantine import Rejected, quarantine
from warehouse.journal.storing import Stored, store, store_batch

__all__ = [
    "AsyncJournal", "Flusher", "JournalFull", "JournalUnavailable", "Known", "Rejected", "StoreReport", "Stored",
    "quarantine", "record_batch", "store", "store_batch",
]  # fmt: skip
