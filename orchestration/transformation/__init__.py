"""dbt inside Dagster: the project's manifest, the environment dbt runs in, and what its results mean."""
