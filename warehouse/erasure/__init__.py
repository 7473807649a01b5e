"""Erasing a person from everything behind the application's tables: events, the lake, the warehouse, snapshots.

The application erases its own tables at once and leaves a line in `erasures`. A pipeline run works on that line: what
is stored of events before it loads (`erase_sources`), the warehouse before it transforms (`erase_warehouse`), and after
it published, old snapshots and the search that ends it (`finish_erasures`). Each step may be repeated.
"""

from warehouse.erasure.finishing import FinishReport, finish_erasures
from warehouse.erasure.person import Person
from warehouse.erasure.sources import Sources, erase_sources
from warehouse.erasure.tables import erase_warehouse
from warehouse.erasure.worklist import read_open

__all__ = ["FinishReport", "Person", "Sources", "erase_sources", "erase_warehouse", "finish_erasures", "read_open"]
