"""One build of all marts on DuckDB, beside those the warehouse publishes, and whether both are the same."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from adbc_driver_manager import Error as ArrowError

from orchestration.backlog import store_waiting_events
from orchestration.lock import hold_pipeline_lock
from orchestration.run import StepProgress
from orchestration.transformation.duckdb_build import build_in_duckdb
from orchestration.transformation.invocation import NodeResult, TransformationFailed
from orchestration.transformation.project import project_fingerprint
from warehouse.databases import connect
from warehouse.engine import (
    ENGINE_DIRECTORY,
    FrozenWarehouse,
    MartComparison,
    Sources,
    compare_marts,
    erasure_mark,
    frozen,
    gather_sources,
    only_build,
    put_in_place,
    write_result,
)
from warehouse.lake import LAKE_DIRECTORY, lake_alone
from warehouse.loading import load_all
from warehouse.publication.build import changed_raw_tables, read_finished_build, read_inputs
from warehouse.publication.reading import is_published
from warehouse.publication.table import PUBLISHED_SCHEMA, read_tables
from warehouse.servers import Servers
from warehouse.settings import PROJECT_ROOT, Settings

# Files of a build, in a directory of its own.
BUILD, RESULT, COMPARISON = "build.duckdb", "result.duckdb", "comparison.duckdb"
FULL_DISK = ("No space left on device", "max_temp_directory_size")
NO_MEMORY = "Out of Memory"

Progress = Callable[[StepProgress], None]


class EngineFailed(Exception):
    """The marts could not be built; those of the build before stay. The message says what to do."""


@dataclass(frozen=True)
class EngineOutcome:
    """What a build did.

    `file` has the marts; None when a test failed. `comparisons` is None unless they were held against those
    that are published.
    """

    file: Path | None
    sources: Sources
    mart_rows: dict[str, int]
    failed_checks: tuple[str, ...]
    comparisons: tuple[MartComparison, ...] | None
    seconds: float

    @property
    def is_successful(self) -> bool:
        """Whether every test passed, and nothing differs from what is published as far as that was asked."""
        return not self.failed_checks and all(comparison.is_equal for comparison in self.comparisons or ())


def run_on_duckdb(
    settings: Settings, servers: Servers, *, is_comparing: bool = False, on_progress: Progress | None = None
) -> EngineOutcome:
    """Load what is new, and build all marts of it with DuckDB: from the lake, and from what the lake has not yet.

    With `is_comparing` nothing is loaded: the marts are built of the rows the published ones were made of, and held
    against those. Other runs wait only while the rows are read. Raises `EngineFailed`, `BuildAtWork`,
    `ErasedMeanwhile`, `LakeDamaged` and `PipelineAlreadyRunning`.
    """
    began = time.monotonic()
    step = _Steps(on_progress)
    data_path = settings.data_path.resolve()
    place, limit = data_path / ENGINE_DIRECTORY, settings.engine_memory_limit_mb
    with _explained(), ExitStack() as stack:
        directory = stack.enter_context(only_build(place))
        with hold_pipeline_lock(servers.warehouse_url):
            mark = erasure_mark(place)
            if is_comparing:
                _check_is_comparable(servers.warehouse_url)
            else:
                with step("load what is new"):
                    store_waiting_events(settings, servers)
                    load_all(servers.database_url, servers.warehouse_url)
            warehouse = stack.enter_context(frozen(servers.warehouse_url))
            with step("read the raw tables and the lake"):
                sources = _gather(servers.database_url, warehouse, data_path / LAKE_DIRECTORY, directory)
        with step("build and test the marts"):
            failed = _failures(build_in_duckdb(directory / BUILD, data_path, memory_limit_mb=limit))
        if failed:
            return EngineOutcome(None, sources, {}, failed, None, time.monotonic() - began)
        with step("write the marts"):
            rows = write_result(directory / BUILD, directory / RESULT, memory_limit_mb=limit)
        comparisons = None
        if is_comparing:
            with step("compare with what is published"):
                comparisons = _compare(warehouse, rows, directory, memory_limit_mb=limit)
        file = put_in_place(directory / RESULT, place, erasure_mark_before=mark)
    return EngineOutcome(file, sources, rows, (), comparisons, time.monotonic() - began)


class _Steps:
    """Tells of steps as a pipeline run does."""

    def __init__(self, on_progress: Progress | None) -> None:
        self._tell = on_progress or (lambda _: None)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self._tell(StepProgress(name, is_failed=False, seconds=None))
        try:
            yield
        except BaseException:
            self._tell(StepProgress(name, is_failed=True, seconds=None))
            raise
        self._tell(StepProgress(name, is_failed=False, seconds=time.monotonic() - began))


def _gather(database_url: str, warehouse: FrozenWarehouse, lake: Path, directory: Path) -> Sources:
    with connect(database_url, autocommit=True) as connection, lake_alone(connection):
        return gather_sources(warehouse.reading, lake, directory / "sources", directory / BUILD)


def _check_is_comparable(warehouse_url: str) -> None:
    """Raise `EngineFailed` unless the tables that were last built and tested are of the rows the warehouse has now."""
    with connect(warehouse_url) as connection:
        inputs = read_inputs(connection, project_fingerprint(PROJECT_ROOT))
        before = read_finished_build(connection, []) if is_published(connection) else None
    if before is None or changed_raw_tables(inputs, before):
        raise EngineFailed(
            "The published marts were not made from the rows the warehouse has now, so there is nothing to compare "
            "with. Run the pipeline first: python cli/manage.py pipeline run"
        )


def _compare(
    warehouse: FrozenWarehouse, rows: Mapping[str, int], directory: Path, *, memory_limit_mb: int
) -> tuple[MartComparison, ...]:
    """Compare every mart that was built with the published one. One that is not published differs in every row."""
    tables = [table for table in read_tables(warehouse.connection, PUBLISHED_SCHEMA) if table.name in rows]
    compared = compare_marts(
        warehouse.reading, tables, directory / RESULT, directory / COMPARISON, memory_limit_mb=memory_limit_mb
    )
    unpublished = sorted(set(rows) - {table.name for table in tables})
    return (*compared, *(MartComparison(name, 0, rows[name], rows[name], ()) for name in unpublished))


def _failures(results: list[NodeResult]) -> tuple[str, ...]:
    """The tests that found something; raises `EngineFailed` for a model that could not be built."""
    broken = [result for result in results if result.is_failed and result.failure_count is None]
    if broken:
        raise EngineFailed(_advice(broken[0].message) or f"{broken[0].name} could not be built: {broken[0].message}")
    return tuple(f"{result.name} found {result.failure_count} rows" for result in results if result.is_failed)


@contextmanager
def _explained() -> Iterator[None]:
    """What DuckDB, Arrow or dbt say went wrong, as `EngineFailed`."""
    try:
        yield
    except (duckdb.Error, ArrowError, TransformationFailed) as error:
        raise EngineFailed(_advice(str(error)) or f"The marts could not be built with DuckDB: {error}") from error


def _advice(message: str) -> str | None:
    if any(words in message for words in FULL_DISK):
        return "The disk is full. Free some space and run the command again; the marts of the build before stay."
    if NO_MEMORY in message:
        return "DuckDB needs more memory than ENGINE_MEMORY_LIMIT_MB allows; raise it, and run the command again."
    return None
