from datetime import date

import pytest

from warehouse.publication.table import Column, Table
from warehouse.snapshot.column_type import ColumnTypeUnknown
from warehouse.snapshot.writing import comment_statements, create_statement, select_statement

ORDERS = Table(
    "marts",
    "fct_orders",
    (Column("order_id", "text", "The buyer's order."), Column("gross_amount", "numeric(18,2)")),
    ("order_id",),
    "One row per order.",
)


class TestSelectStatement:
    def test_amounts_travel_as_text_in_the_order_of_the_key(self) -> None:
        assert select_statement(ORDERS) == (
            'select "order_id", "gross_amount"::text as "gross_amount" from "marts"."fct_orders" order by "order_id"'
        )

    def test_a_table_without_a_key_has_no_order(self) -> None:
        assert select_statement(Table("marts", "notes", (Column("note", "text"),), ())).endswith('"marts"."notes"')

    def test_some_days_come_as_they_lie(self) -> None:
        searches = Table("marts", "fct_searches", (Column("search_id", "text"),), ("search_id",))
        statement = select_statement(searches, [date(2026, 3, 1)])
        assert "where \"searched_date\" = any(array['2026-03-01'::date]::date[])" in statement
        assert "order by" not in statement


class TestCreateStatement:
    def test_has_the_same_columns_with_exact_amounts(self) -> None:
        assert create_statement(ORDERS) == (
            'create table "marts"."fct_orders" ("order_id" varchar, "gross_amount" decimal(18, 2))'
        )

    def test_an_unknown_type_is_named_with_its_column(self) -> None:
        table = Table("marts", "places", (Column("area", "box"),), ())
        with pytest.raises(ColumnTypeUnknown, match=r"marts\.places\.area is of type box"):
            create_statement(table)


class TestCommentStatements:
    def test_quotes_inside_a_comment_are_kept(self) -> None:
        assert comment_statements(ORDERS) == [
            """comment on table "marts"."fct_orders" is 'One row per order.'""",
            """comment on column "marts"."fct_orders"."order_id" is 'The buyer''s order.'""",
        ]
