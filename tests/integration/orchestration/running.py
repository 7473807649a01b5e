"""Runs of the pipeline over a test's marketplace, and what readers see after them."""

from datetime import datetime

from orchestration.outcome import RunOutcome
from orchestration.run import run_pipeline
from tests.integration.orchestration.marketplace import read
from warehouse.databases import connect
from warehouse.settings import get_settings

RANKS = "select surface, segment, rank, prompt_id, score, contributions from marts.rank_prompts order by 1, 2, 3"


def run(*, as_of: datetime | None = None) -> RunOutcome:
    """One run over the marketplace that the settings of this process lead to."""
    return run_pipeline(get_settings(), as_of=as_of)


def execute(warehouse_url: str, statement: str) -> None:
    """Change the warehouse behind the pipeline's back."""
    with connect(warehouse_url) as connection:
        connection.execute(statement.encode())


def published(warehouse_url: str) -> tuple[object, ...]:
    """What readers see."""
    statements = (
        "select publication_id from marts.publications order by 1",
        "select order_id, gross_amount from marts.fct_orders order by 1",
        RANKS,
    )
    return tuple(read(warehouse_url, statement) for statement in statements)
