"""What must agree before marts are published: what is sold and reviewed, row for row, with the raw tables."""

from orchestration.checks.reconciliation import Reconciliation

ROWS = {"row_count": ("count(*)", "count(*)")}
STATES = ROWS | {
    "published_count": ("count(*) filter (where status = 'published')", "count(*) filter (where status = 'published')")
}
REVIEWS = ROWS | {
    "rating_sum": ("coalesce(sum(rating), 0)", "coalesce(sum(rating), 0)"),
    "shown_count": ("count(*) filter (where hidden_at is null)", "count(*) filter (where not is_hidden)"),
    "positive_count": (
        "count(*) filter (where hidden_at is null and rating >= 4)",
        "count(*) filter (where not is_hidden and rating >= 4)",
    ),
}
KNOWN_PROMPT = "prompt_id in (select prompt_id from raw_app.prompts)"


def _reconcile_rows(
    table: str, raw: str, measures: dict[str, tuple[str, str]] = ROWS, *, condition: str = "true"
) -> Reconciliation:
    """A mart that has a row for each of a raw table."""
    expected, found = (", ".join(f"{pair[side]} as {name}" for name, pair in measures.items()) for side in (0, 1))
    return Reconciliation(
        table=table,
        name=f"{table}_reconciles_with_raw_{raw}",
        description=f"The same rows in all as the application has {raw.replace('_', ' ')}.",
        expected=f"select 'all' as rows, {expected} from raw_app.{raw} where {condition}",  # nosec B608
        found=f"select 'all' as rows, {found} from marts_build.{table}",  # nosec B608
        key=("rows",),
        measures=tuple(measures),
    )


CATALOG_RECONCILIATIONS = (
    _reconcile_rows("dim_organizations", "organizations"),
    _reconcile_rows("dim_organizations_history", "organization_states"),
    _reconcile_rows("dim_prompts", "prompts", STATES),
    _reconcile_rows("dim_prompts_history", "prompt_states", STATES),
    _reconcile_rows("dim_prompt_versions", "prompt_versions"),
    _reconcile_rows("fct_reviews", "reviews", REVIEWS, condition=KNOWN_PROMPT),
)
