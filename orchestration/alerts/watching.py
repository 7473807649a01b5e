"""Asks every rule, keeps what they say, and tells what is new."""

from dataclasses import dataclass
from datetime import timedelta

from orchestration.alerts.delivery import channels_of, deliver_due, write_log
from orchestration.alerts.facts import limits_of, read_facts
from orchestration.alerts.memory import Kept, News, keep, merge_all, read_kept
from orchestration.alerts.rule import judge
from warehouse.databases import connect, database_exists
from warehouse.servers import Servers
from warehouse.settings import Settings


@dataclass(frozen=True)
class Watch:
    """How all rules stand, and what of it is news."""

    outcomes: list[Kept]
    news: list[News]

    @property
    def alerting(self) -> list[Kept]:
        """What somebody has to look at."""
        return [outcome for outcome in self.outcomes if outcome.is_alerting]


def look(settings: Settings, servers: Servers) -> Watch:
    """How all rules stand, without keeping or telling anything."""
    facts = read_facts(settings, servers)
    kept = {}
    if "warehouse" not in facts.unreadable and database_exists(servers.warehouse_url):
        with connect(servers.warehouse_url) as connection:
            kept = read_kept(connection)
    outcomes = judge(facts, limits_of(settings))
    return Watch(*merge_all(outcomes, kept, now=facts.now, repeat=_repeat(settings)))


def watch(settings: Settings, servers: Servers) -> Watch:
    """Ask every rule, keep the outcomes, and tell the news: to the log at once, elsewhere as it is taken."""
    facts = read_facts(settings, servers)
    outcomes = judge(facts, limits_of(settings))
    if "warehouse" in facts.unreadable:
        # Nothing can be remembered there, and so nothing but the log can be told of it.
        found = Watch(*merge_all(outcomes, {}, now=facts.now, repeat=_repeat(settings)))
        write_log(settings.data_path, found.news)
        return found
    with connect(servers.warehouse_url) as connection:
        channels = channels_of(settings)
        found = Watch(*keep(connection, outcomes, now=facts.now, repeat=_repeat(settings), channels=channels))
    write_log(settings.data_path, found.news)
    deliver_due(settings, database_url=servers.database_url, warehouse_url=servers.warehouse_url)
    return found


def _repeat(settings: Settings) -> timedelta:
    return timedelta(hours=settings.alert_repeat_hours)
