"""The second engine: DuckDB builds the same marts from the lake, beside those the warehouse publishes."""

from warehouse.engine.sources import Sources, gather_sources

__all__ = ["Sources", "gather_sources"]
