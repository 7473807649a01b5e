"""Publication: how a finished build of the marts becomes visible, all of it at once.

dbt and the ranking write to the schema `marts_build`, over minutes and in any order. Readers look at the schema `marts`
alone, which changes in one transaction per publication and only in the rows that differ.
"""

from warehouse.publication.errors import PublicationRefused
from warehouse.publication.publishing import Publication, publish_marts
from warehouse.publication.reading import PublishedState, read_current
from warehouse.publication.table import BUILD_SCHEMA, PUBLISHED_SCHEMA, TECHNICAL_COLUMNS

__all__ = [
    "BUILD_SCHEMA",
    "PUBLISHED_SCHEMA",
    "TECHNICAL_COLUMNS",
    "Publication",
    "PublicationRefused",
    "PublishedState",
    "publish_marts",
    "read_current",
]
