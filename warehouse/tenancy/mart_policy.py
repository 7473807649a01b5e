"""Which rows and columns of a mart its readers see. Analysts, the company's own, see all of all marts, nothing else."""

from collections.abc import Collection
from dataclasses import dataclass

# In the warehouse ids are text.
_ORGANIZATION = "(select (tenancy.scope())[2])"
_OF_SELLER = f"seller_organization_id = {_ORGANIZATION}"
_OF_BOTH_SIDES = f"{_OF_SELLER} or buyer_organization_id = {_ORGANIZATION}"
# Asked by a function, so that a mart of another shape can still take the place of dim_prompts.
_OF_SELLERS_PROMPT = "prompt_id in (select tenancy.own_prompts())"

# By whom the rows of a mart may be read: conditions over its columns, beside operators, who read all of them.
MART_READERS: dict[str, str] = {
    "dim_organizations": f"organization_id = {_ORGANIZATION}",
    "dim_organizations_history": f"organization_id = {_ORGANIZATION}",
    "dim_prompts_history": _OF_SELLERS_PROMPT,
    "dim_prompts": f"status = 'published' or {_OF_SELLER}",
    "dim_prompt_versions": _OF_SELLERS_PROMPT,
    "fct_impressions": _OF_SELLER,
    # What a person did, one step after the other, is no other company's business.
    "fct_sessions": "false",
    "fct_searches": "false",
    "fct_prompt_runs": "false",
    "agg_search_terms_daily": "false",
    # Cohorts of few companies tell of each.
    "agg_buyer_cohorts_monthly": "false",
    "fct_reviews": _OF_SELLER,
    "fct_orders": _OF_BOTH_SIDES,
    "fct_refunds": _OF_BOTH_SIDES,
    # What is left of a payment, and when, is between the seller and the provider.
    "fct_order_payments": _OF_SELLER,
    "agg_prompts_performance_daily": _OF_SELLERS_PROMPT,
    "agg_sellers_performance_daily": _OF_SELLER,
    # Where a category or a currency has one seller, its figures are that seller's.
    "agg_categories_performance_daily": "false",
    "agg_marketplace_daily": "false",
    "fct_restatements": _OF_SELLER,
    "fct_whole_restatements": f"dimension = 'seller' and dimension_value = {_ORGANIZATION}",
    "rank_exclusions": _OF_SELLERS_PROMPT,
}
# Marts everybody may read, with the reason.
PUBLIC_MARTS = {
    "dim_dates": "is a calendar",
    "publications": "says which run the figures are of",
    "rank_prompts": "rankings are public, and so is what they are made of",
    "rank_prompts_history": "the same of earlier publications",
}

# Facts are of people, so readers see the columns that are named here and no others: not who saw, clicked, bought or
# wrote, nor what would tell it, such as the list or the visit. Dimensions and aggregates hold nobody, and are whole.
FACT_COLUMNS: dict[str, frozenset[str]] = {
    mart: frozenset(columns.split())
    for mart, columns in {
        "fct_impressions": """
            impression_id prompt_id prompt_version seller_organization_id list_price_amount
            list_currency surface policy_version position score propensity is_exploration is_counted
            is_clicked clicked_at is_purchased purchased_at served_at served_date source
        """,
        # Which company bought is known to who sells to it; which of its people is not.
        "fct_orders": """
            order_id external_id prompt_id prompt_version buyer_organization_id seller_organization_id
            gross_amount fee_amount net_amount currency list_price_amount list_currency status provider
            paid_at paid_date
        """,
        "fct_refunds": """
            refund_id order_id prompt_id buyer_organization_id seller_organization_id refunded_amount
            currency reason refunded_at refunded_date order_paid_date
        """,
        "fct_order_payments": """
            balance_transaction_id order_id prompt_id buyer_organization_id seller_organization_id
            stripe_source_id reporting_category gross_amount fee_amount net_amount currency order_amount
            order_currency exchange_rate paid_at booked_at booked_date available_at
        """,
        "fct_restatements": """
            publication_id prompt_id performance_date currency measure seller_organization_id
            value_before value_after reason previous_publication_id published_at
        """,
        "fct_whole_restatements": """
            publication_id dimension dimension_value performance_date currency measure value_before
            value_after reason previous_publication_id published_at
        """,
        # Who wrote a review is told to nobody.
        "fct_reviews": """
            review_id prompt_id seller_organization_id rating text_length is_hidden reviewed_at
            reviewed_date changed_at
        """,
        # For operators, whose figures count these rows; whoever they are of stays unnamed, but for the key they are
        # counted by.
        "fct_searches": """
            search_id result_count is_without_result is_counted searched_at searched_date source
        """,
        "fct_sessions": """
            person_id started_at ended_at started_date event_count view_count click_count search_count
            order_count landing_surface is_counted
        """,
        "fct_prompt_runs": """
            run_id prompt_id prompt_version is_executed model input_token_count output_token_count
            is_counted ran_at ran_date source
        """,
    }.items()
}


@dataclass(frozen=True)
class MartRule:
    """What readers see of a mart: the rows of a condition, and all columns or those that are named."""

    condition: str
    columns: frozenset[str] | None


def rule_of(mart: str, columns: Collection[str]) -> MartRule | None:
    """The rule of a mart that has these columns; None for one nobody decided about, which is for analysts alone."""
    is_seen = "true" if mart in PUBLIC_MARTS else MART_READERS.get(mart)
    if is_seen is None:
        return None
    if mart not in FACT_COLUMNS:
        # A fact nobody listed the columns of has none.
        return MartRule(is_seen, frozenset() if mart.startswith("fct_") else None)
    return MartRule(is_seen, FACT_COLUMNS[mart] & frozenset(columns))
