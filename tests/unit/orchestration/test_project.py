from pathlib import Path

import pytest

from orchestration.transformation.project import project_fingerprint


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: shop")
    (tmp_path / "transforms" / "models").mkdir(parents=True)
    (tmp_path / "transforms" / "models" / "fct_orders.sql").write_text("select 1")
    return tmp_path


class TestProjectFingerprint:
    def test_is_the_same_for_the_same_content(self, project: Path) -> None:
        before = project_fingerprint(project)
        (project / "transforms" / "models" / "fct_orders.sql").write_text("select 1")
        assert project_fingerprint(project) == before

    @pytest.mark.parametrize("name", ["dbt_project.yml", "transforms/models/fct_orders.sql"])
    def test_changes_with_any_file(self, project: Path, name: str) -> None:
        before = project_fingerprint(project)
        (project / name).write_text("something else")
        assert project_fingerprint(project) != before

    def test_changes_with_a_new_file(self, project: Path) -> None:
        before = project_fingerprint(project)
        (project / "transforms" / "new.sql").write_text("")
        assert project_fingerprint(project) != before

    def test_changes_when_a_file_moves(self, project: Path) -> None:
        before = project_fingerprint(project)
        models = project / "transforms" / "models"
        (models / "fct_orders.sql").rename(models / "fct_sales.sql")
        assert project_fingerprint(project) != before

    def test_files_outside_the_project_do_not_count(self, project: Path) -> None:
        before = project_fingerprint(project)
        (project / "README.md").write_text("hello")
        assert project_fingerprint(project) == before
