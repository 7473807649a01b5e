import pytest

from warehouse.snapshot.column_type import ColumnTypeUnknown, duckdb_type, is_sent_as_text


class TestDuckdbType:
    @pytest.mark.parametrize(
        ("postgres", "duckdb"),
        [
            ("numeric(18,2)", "decimal(18, 2)"),
            ("numeric", "decimal(38, 12)"),
            ("text", "varchar"),
            ("character varying(255)", "varchar"),
            ("bigint", "bigint"),
            ("double precision", "double"),
            ("timestamp with time zone", "timestamptz"),
            ("timestamp(3) with time zone", "timestamptz"),
            ("jsonb", "json"),
            ("text[]", "varchar[]"),
        ],
    )
    def test_keeps_what_a_type_means(self, postgres: str, duckdb: str) -> None:
        assert duckdb_type(postgres) == duckdb

    def test_an_unknown_type_is_refused(self) -> None:
        with pytest.raises(ColumnTypeUnknown, match="box"):
            duckdb_type("box")


class TestIsSentAsText:
    @pytest.mark.parametrize("postgres", ["numeric(18,2)", "numeric", "jsonb", "uuid"])
    def test_types_that_arrow_does_not_carry_travel_as_text(self, postgres: str) -> None:
        assert is_sent_as_text(postgres)

    @pytest.mark.parametrize("postgres", ["bigint", "timestamp with time zone", "text", "date"])
    def test_all_others_travel_as_they_are(self, postgres: str) -> None:
        assert not is_sent_as_text(postgres)
