"""The way of every live event: accepted into a Redis stream, then stored in Postgres in batches, each exactly once."""

from warehouse.journal.accepting import AsyncJournal, JournalUnavailable
from warehouse.journal.flushing import Flusher
from warehouse.journal.quarantine import Rejected, quarantine
from warehouse.journal.storing import StoreReport, store

__all__ = ["AsyncJournal", "Flusher", "JournalUnavailable", "Rejected", "StoreReport", "quarantine", "store"]
