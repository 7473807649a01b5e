"""The rules: from how things stand to what is wrong. Pure functions, each over facts that were read before."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

State = Literal["good", "alerting", "skipped"]
Severity = Literal["error", "warning"]

PLACES = ("database", "redis", "warehouse")
# A share of fewer events says nothing.
LEAST_EVENTS = 20


@dataclass(frozen=True)
class CheckResult:
    """The last word on an asset check. `detail` is the beginning of what it found."""

    asset: str
    name: str
    is_passed: bool
    is_blocking: bool
    evaluated_at: datetime
    detail: str = ""


@dataclass(frozen=True)
class FinishedRun:
    """The last run of a job that ended, and why it failed."""

    job: str
    run_id: str
    is_failed: bool
    ended_at: datetime
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """How things stand at `now`. What could not be read is None or empty, and `unreadable` says why by its place."""

    now: datetime
    loaded_at: datetime | None = None
    published_at: datetime | None = None
    checks: tuple[CheckResult, ...] = ()
    runs: tuple[FinishedRun, ...] = ()
    # When the last run of the whole pipeline began that ended well.
    succeeded_since: datetime | None = None
    # Of the last day.
    received_count: int = 0
    quarantined_count: int = 0
    owed_since: datetime | None = None
    given_up_count: int = 0
    journal_since: datetime | None = None
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """From when on something is wrong."""

    freshness: timedelta
    backlog: timedelta
    quarantined_share: float


@dataclass(frozen=True)
class Outcome:
    """What a rule says of its subject. A skipped one says why it could not judge."""

    rule: str
    subject: str
    state: State
    message: str
    severity: Severity = "error"


def judge(facts: Facts, limits: Limits) -> list[Outcome]:
    """Every rule over everything there is to judge, in the order of their names."""
    found = [
        *judge_checks(facts, limits),
        judge_freshness(facts, limits),
        judge_journal(facts, limits),
        judge_outbox(facts, limits),
        judge_quarantine(facts, limits),
        *judge_runs(facts),
        *judge_servers(facts),
    ]
    return sorted(found, key=lambda outcome: (outcome.rule, outcome.subject))


def stale_since(facts: Facts, limits: Limits) -> datetime | None:
    """Since when nothing was loaded, if that is too long ago to judge what the data says."""
    if facts.loaded_at is not None and facts.now - facts.loaded_at > limits.freshness:
        return facts.loaded_at
    return None


def judge_checks(facts: Facts, limits: Limits) -> Iterator[Outcome]:
    """Asset checks: of those that block a run only until one went through, which held every one of them."""
    stale = stale_since(facts, limits)
    for check in facts.checks:
        subject = f"{check.asset}: {check.name}"
        is_over = check.is_blocking and facts.succeeded_since is not None and facts.succeeded_since > check.evaluated_at
        severity: Severity = "error" if check.is_blocking else "warning"
        if stale is not None:
            yield Outcome("check", subject, "skipped", _stale(stale), severity)
        elif check.is_passed or is_over:
            yield Outcome("check", subject, "good", "passed", severity)
        else:
            what = "failed; it keeps what it found from being published" if check.is_blocking else "failed"
            detail = f": {check.detail}" if check.detail else ""
            yield Outcome("check", subject, "alerting", f"{what}, {_second(check.evaluated_at)}{detail}", severity)


def judge_freshness(facts: Facts, limits: Limits) -> Outcome:
    """How old the figures are that readers see."""
    rule, subject = "freshness", "marts.publications"
    if facts.published_at is None:
        return Outcome(rule, subject, "skipped", _unread(facts, "warehouse", "nothing was published yet"))
    age = facts.now - facts.published_at
    state: State = "alerting" if age > limits.freshness else "good"
    return Outcome(
        rule,
        subject,
        state,
        f"published {_span(age)} ago, {_second(facts.published_at)}; at most {_span(limits.freshness)}",
    )


def judge_journal(facts: Facts, limits: Limits) -> Outcome:
    """Events that were accepted and are not stored."""
    rule, subject = "backlog", "event journal"
    if "redis" in facts.unreadable:
        return Outcome(rule, subject, "skipped", facts.unreadable["redis"])
    return _judge_wait(rule, subject, facts.journal_since, facts.now, limits.backlog, "events wait to be stored")


def judge_outbox(facts: Facts, limits: Limits) -> Outcome:
    """Mails and Stripe customers that are owed."""
    rule, subject = "backlog", "outbox"
    if "database" in facts.unreadable:
        return Outcome(rule, subject, "skipped", facts.unreadable["database"])
    if facts.given_up_count:
        message = f"{facts.given_up_count:,} tasks were given up; `manage.py outbox status` says why"
        return Outcome(rule, subject, "alerting", message)
    return _judge_wait(rule, subject, facts.owed_since, facts.now, limits.backlog, "a task waits")


def judge_quarantine(facts: Facts, limits: Limits) -> Outcome:
    """The share of what arrived within a day that could not be taken in."""
    rule, subject = "quarantine", "raw_events.events"
    if "database" in facts.unreadable:
        return Outcome(rule, subject, "skipped", facts.unreadable["database"], "warning")
    if (stale := stale_since(facts, limits)) is not None:
        return Outcome(rule, subject, "skipped", _stale(stale), "warning")
    if facts.received_count < LEAST_EVENTS:
        message = f"{facts.received_count} events arrived within a day, too few for a share"
        return Outcome(rule, subject, "skipped", message, "warning")
    share = facts.quarantined_count / facts.received_count
    state: State = "alerting" if share > limits.quarantined_share else "good"
    message = (
        f"{share:.1%} of {facts.received_count:,} events within a day are in quarantine; "
        f"at most {limits.quarantined_share:.1%}"
    )
    return Outcome(rule, subject, state, message, "warning")


def judge_runs(facts: Facts) -> Iterator[Outcome]:
    """How the last run of each job ended."""
    for run in facts.runs:
        if run.is_failed:
            why = "; ".join(run.causes) or "ended without a reason"
            yield Outcome("run", run.job, "alerting", f"run {run.run_id[:8]} failed {_second(run.ended_at)}: {why}")
        else:
            yield Outcome("run", run.job, "good", f"run {run.run_id[:8]} ended well {_second(run.ended_at)}")


def judge_servers(facts: Facts) -> Iterator[Outcome]:
    """Whether everything that holds data answers."""
    for place in PLACES:
        reason = facts.unreadable.get(place)
        yield Outcome("server", place, "alerting" if reason else "good", reason or "answers")


def _judge_wait(rule: str, subject: str, since: datetime | None, now: datetime, limit: timedelta, what: str) -> Outcome:
    if since is None:
        return Outcome(rule, subject, "good", "nothing waits")
    state: State = "alerting" if now - since > limit else "good"
    return Outcome(rule, subject, state, f"{what} since {_second(since)}; at most {_span(limit)}")


def _stale(since: datetime) -> str:
    return f"the data is stale: nothing was loaded since {_second(since)}"


def _unread(facts: Facts, place: str, otherwise: str) -> str:
    return facts.unreadable.get(place, otherwise)


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
