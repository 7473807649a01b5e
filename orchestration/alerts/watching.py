"""Asks every rule, keeps what they say, and tells what is new."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from orchestration.alerts.delivery import channels_of, deliver_due, deliver_owed, write_log
from orchestration.alerts.facts import limits_of, read_facts
from orchestration.alerts.memory import Kept, News, keep, merge_all, read_kept
from orchestration.alerts.outage import Notes, note_outcomes, only_writer, read_notes, store_notes, write_notes
from orchestration.alerts.rule import Outcome, judge
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
    notes = read_notes(settings.data_path)
    kept = notes.by_subject() if "warehouse" in facts.unreadable or notes.is_ahead else {}
    if not kept and "warehouse" not in facts.unreadable and database_exists(servers.warehouse_url):
        with connect(servers.warehouse_url) as connection:
            kept = read_kept(connection)
    outcomes = judge(facts, limits_of(settings))
    return Watch(*merge_all(outcomes, kept, now=facts.now, repeat=_repeat(settings)))


def watch(settings: Settings, servers: Servers) -> Watch:
    """Ask every rule, keep the outcomes, and tell the news: to the log at once, elsewhere as it is taken.

    While the warehouse is away they are kept in a file, and stored when it is back.
    """
    facts = read_facts(settings, servers)
    outcomes = judge(facts, limits_of(settings))
    with only_writer(settings.data_path) as file:
        notes = read_notes(settings.data_path)
        if "warehouse" in facts.unreadable:
            return _watch_outage(settings, servers.database_url, facts.now, outcomes, notes=notes, file=file)
        with connect(servers.warehouse_url) as connection:
            store_notes(connection, notes)
            channels = channels_of(settings)
            found = Watch(*keep(connection, outcomes, now=facts.now, repeat=_repeat(settings), channels=channels))
        write_notes(file, Notes(found.outcomes))
    write_log(settings.data_path, found.news)
    deliver_due(settings, database_url=servers.database_url, warehouse_url=servers.warehouse_url)
    return found


def _watch_outage(
    settings: Settings, database_url: str, now: datetime, outcomes: Sequence[Outcome], *, notes: Notes, file: Path
) -> Watch:
    """The same out of the file. What is owed is written before it is tried: a process that is killed tells it later."""
    after, news = note_outcomes(
        notes, outcomes, now=now, repeat=_repeat(settings), channels=channels_of(settings)
    )  # fmt: skip
    write_notes(file, after)
    write_log(settings.data_path, news)
    tried = deliver_owed(settings, database_url, after.deliveries, now=now)
    write_notes(file, replace(after, deliveries=tried))
    return Watch(after.outcomes, news)


def _repeat(settings: Settings) -> timedelta:
    return timedelta(hours=settings.alert_repeat_hours)
