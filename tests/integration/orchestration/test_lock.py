import pytest

from orchestration.lock import PipelineAlreadyRunning, hold_pipeline_lock, is_pipeline_running


class TestHoldPipelineLock:
    def test_a_second_run_is_told_since_when_the_first_is_at_work(self, warehouse_url: str) -> None:
        with (
            hold_pipeline_lock(warehouse_url),
            pytest.raises(PipelineAlreadyRunning, match=r"at work on this warehouse since 20\d\d-.* UTC"),
            hold_pipeline_lock(warehouse_url, wait_seconds=0.05),
        ):
            pass

    def test_the_next_run_takes_over(self, warehouse_url: str) -> None:
        for _ in range(2):
            with hold_pipeline_lock(warehouse_url):
                assert is_pipeline_running(warehouse_url)

    def test_nobody_runs_afterwards(self, warehouse_url: str) -> None:
        with hold_pipeline_lock(warehouse_url):
            pass
        assert not is_pipeline_running(warehouse_url)

    def test_a_run_that_broke_lets_go(self, warehouse_url: str) -> None:
        with pytest.raises(ZeroDivisionError), hold_pipeline_lock(warehouse_url):
            raise ZeroDivisionError
        assert not is_pipeline_running(warehouse_url)

    def test_another_warehouse_is_free(self, warehouse_url: str, database_url: str) -> None:
        with hold_pipeline_lock(warehouse_url):
            assert not is_pipeline_running(database_url)
