"""What a run works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster import ConfigurableResource, InitResourceContext
from pydantic import PrivateAttr

from orchestration.dead_runs import close_dead_runs
from orchestration.lock import hold_pipeline_lock
from orchestration.standing import NOTHING_NEW, TablesDoNotStand, is_build_finished, table_keys
from warehouse.databases import connect
from warehouse.loading import prepare_warehouse
from warehouse.publication.tested import AlreadyTested, read_tested
from warehouse.servers import Servers, running_servers
from warehouse.settings import Settings, get_settings
from warehouse.snapshot import SnapshotFailed, catch_up, snapshot_directory
from warehouse.snapshot.restoration import note_restorations


class PipelineResource(ConfigurableResource[Any]):
    """The servers of this run, kept running, and the warehouse, held by this run alone until it ends."""

    _servers: Servers = PrivateAttr()
    _is_quiet: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator["PipelineResource"]:
        """Taken once a run, because all steps of a run share one process. Raises `PipelineAlreadyRunning`."""
        with running_servers(self.settings) as servers:
            prepare_warehouse(servers.warehouse_url)
            with hold_pipeline_lock(servers.warehouse_url):
                if context.instance is not None:
                    # We hold the lock that any other living run would hold.
                    close_dead_runs(context.instance, except_run_id=context.run.run_id if context.run else None)
                self._is_quiet = context.run is not None and NOTHING_NEW in context.run.tags
                if self._is_quiet:
                    self._refuse_unfinished_tables(servers.warehouse_url)
                self._servers = servers
                # A restore that was killed may have left the audit log without its entry.
                note_restorations(servers.database_url, servers.warehouse_url)
                self._catch_up_snapshot(context)
                yield self

    def _catch_up_snapshot(self, context: InitResourceContext) -> None:
        """A run or a restore that was killed may have left analysts with the publication before."""
        settings = self.settings
        try:
            if catch_up(
                self.warehouse_url,
                snapshot_directory(settings.data_path),
                kept=settings.snapshots_kept,
                days_kept=settings.snapshot_days_kept,
            ):
                context.log.warning("the latest snapshot was not of the current publication; now it is")  # type: ignore[union-attr]
        except (SnapshotFailed, OSError) as error:
            # This run ends with a snapshot of its own, and fails if that one can't be written either.
            context.log.warning("the snapshot of the current publication is missing: %s", error)  # type: ignore[union-attr]

    def _refuse_unfinished_tables(self, warehouse_url: str) -> None:
        """Whoever planned this run let go of the lock before it began."""
        if not is_build_finished(warehouse_url, table_keys(self.settings.data_path)):
            raise TablesDoNotStand(
                "Another run began to make the tables anew and did not finish; start the pipeline again"
            )

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        return get_settings()

    @property
    def is_quiet(self) -> bool:
        """Whether this run was planned because nothing is new."""
        return self._is_quiet

    @property
    def servers(self) -> Servers:
        """Where the databases and Redis answer."""
        return self._servers

    @property
    def warehouse_url(self) -> str:
        """Where the warehouse answers."""
        return self._servers.warehouse_url

    @property
    def tested(self) -> AlreadyTested | None:
        """What this run need not look at again; None for everything, as in a run that has nothing else to do."""
        if self.is_quiet:
            return None
        with connect(self.warehouse_url) as connection:
            return read_tested(connection, in_full_up_to_events=self.settings.checks_in_full_up_to_events)

    def query(self, statement: str) -> list[dict[str, Any]]:
        """All rows of a query over the warehouse."""
        with connect(self.warehouse_url) as connection:
            return connection.execute(statement.encode()).fetchall()
