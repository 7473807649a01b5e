"""What kind of program sent a request, by what it says of itself."""

import re
from functools import lru_cache

from starlette.types import Scope

from api.headers import header
from warehouse.events import Agent

LONGEST_READ = 512
# Those that read pages for others; what tests, archives and previews them counts as well.
BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|scrap|archiver|preview|facebookexternalhit|headless|lighthouse|pagespeed|pingdom"
    r"|uptime|monitor|validator|wappalyzer|phantomjs|mediapartners|feedfetcher",
    re.IGNORECASE,
)
BROWSER = re.compile(r"^Mozilla/5\.0 \(.*(Gecko/|AppleWebKit/)|^Opera/", re.IGNORECASE)


def agent_of(scope: Scope) -> Agent | None:
    """The kind of program behind a request; None when it does not say."""
    said = header(scope, b"user-agent")
    return classify(said[:LONGEST_READ].decode("latin-1")) if said else None


@lru_cache(maxsize=1024)
def classify(user_agent: str) -> Agent:
    """`bot` for those that read for nobody, `browser` for people's, `program` for all others, as a buyer's own."""
    if BOT.search(user_agent):
        return "bot"
    return "browser" if BROWSER.search(user_agent) else "program"
