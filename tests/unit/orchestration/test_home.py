from pathlib import Path

from orchestration.home import DAGSTER_YAML, prepare_dagster_home


class TestPrepareDagsterHome:
    def test_creates_the_home_below_the_data_directory(self, tmp_path: Path) -> None:
        home = prepare_dagster_home(tmp_path / "data")
        assert home == tmp_path / "data" / "dagster"
        assert (home / "dagster.yaml").read_text() == DAGSTER_YAML

    def test_brings_an_older_file_up_to_date(self, tmp_path: Path) -> None:
        home = prepare_dagster_home(tmp_path)
        (home / "dagster.yaml").write_text("telemetry: {enabled: true}")
        prepare_dagster_home(tmp_path)
        assert (home / "dagster.yaml").read_text() == DAGSTER_YAML

    def test_leaves_a_file_alone_that_is_up_to_date(self, tmp_path: Path) -> None:
        before = (prepare_dagster_home(tmp_path) / "dagster.yaml").stat().st_ino
        assert (prepare_dagster_home(tmp_path) / "dagster.yaml").stat().st_ino == before

    def test_puts_the_records_of_earlier_versions_aside(self, tmp_path: Path) -> None:
        old = prepare_dagster_home(tmp_path) / "history" / "runs.db"
        old.parent.mkdir()
        old.write_text("from then")
        home = prepare_dagster_home(tmp_path)
        assert [path.name for path in home.iterdir() if path.is_dir()] == ["records-before-postgres"]
        assert (home / "records-before-postgres" / "history" / "runs.db").read_text() == "from then"
