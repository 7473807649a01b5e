"""Files of other systems into the application database: catalogs, orders and events."""

from warehouse.imports.errors import ImportRefused, RowInvalid
from warehouse.imports.importer import Refusal
from warehouse.imports.replay import KINDS, replay
from warehouse.imports.report import Report
from warehouse.imports.run import import_file

__all__ = ["KINDS", "ImportRefused", "Refusal", "Report", "RowInvalid", "import_file", "replay"]
