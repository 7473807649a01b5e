from pathlib import Path

import pytest

from orchestration.transformation.environment import dbt_environment

DATA = Path("/data")


class TestDbtEnvironment:
    def test_a_url_over_tcp_becomes_its_parts(self) -> None:
        environment = dbt_environment("postgresql://loader:s3cret@db.example:6543/shop_warehouse", DATA)
        assert environment["DBT_HOST"] == "db.example"
        assert environment["DBT_PORT"] == "6543"
        assert environment["DBT_USER"] == "loader"
        assert environment["DBT_PASSWORD"] == "s3cret"
        assert environment["DBT_DBNAME"] == "shop_warehouse"

    def test_a_socket_directory_is_the_host(self) -> None:
        environment = dbt_environment("postgresql://postgres@/shop?host=%2Fvar%2Fdata%2Fpostgres", DATA)
        assert environment["DBT_HOST"] == "/var/data/postgres"
        assert environment["DBT_PORT"] == "5432"
        assert environment["DBT_PASSWORD"] == ""

    def test_a_password_arrives_as_it_was_before_it_was_quoted_for_the_url(self) -> None:
        environment = dbt_environment("postgresql://loader:p%40ss%2Fw%25rd@db/shop", DATA)
        assert environment["DBT_PASSWORD"] == "p@ss/w%rd"

    def test_what_dbt_writes_lies_below_the_data_directory(self) -> None:
        environment = dbt_environment("postgresql://db/shop", DATA)
        assert environment["DBT_TARGET_PATH"] == "/data/dbt/target"
        assert environment["DBT_LOG_PATH"] == "/data/dbt/logs"

    @pytest.mark.parametrize(
        ("parameter", "variable"), [("sslmode=require", "PGSSLMODE"), ("sslrootcert=/ca.pem", "PGSSLROOTCERT")]
    )
    def test_encryption_asked_for_by_the_url_is_not_lost(self, parameter: str, variable: str) -> None:
        environment = dbt_environment(f"postgresql://db/shop?{parameter}", DATA)
        assert environment[variable] == parameter.split("=")[1]

    def test_nothing_is_said_about_encryption_when_the_url_says_nothing(self) -> None:
        assert "PGSSLMODE" not in dbt_environment("postgresql://db/shop", DATA)
