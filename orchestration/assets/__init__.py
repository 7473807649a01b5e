"""The assets, in the order of the flow: raw tables, dbt's tables, ranks, the publication, the snapshot."""
