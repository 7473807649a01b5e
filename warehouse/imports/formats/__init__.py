"""Exports of other systems as rows of an events file: which of their columns become which of ours."""

from warehouse.imports.formats.format import Format
from warehouse.imports.formats.ga4 import GA4
from warehouse.imports.formats.posthog import POSTHOG
from warehouse.imports.formats.segment import SEGMENT

FORMATS: dict[str, Format] = {each.name: each for each in (POSTHOG, SEGMENT, GA4)}

__all__ = ["FORMATS", "Format"]
