"""The schema the migrations make is the one the models describe."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from api.models import Model
from warehouse.databases import sqlalchemy_url

# SQLAlchemy does not know the type of the transaction stamp, which is the database's alone.
pytestmark = pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")


class TestMigrations:
    def test_the_database_has_what_the_models_say(self, database_url: str):
        def include(_item: object, name: str, kind: str, reflected: bool, compare_to: object) -> bool:
            return not (reflected and compare_to is None and (kind == "index" or name == "changed_xid"))

        options = {"include_object": include}
        engine = create_engine(sqlalchemy_url(database_url))
        with engine.connect() as connection:
            found = compare_metadata(MigrationContext.configure(connection, opts=options), Model.metadata)
        engine.dispose()
        unknown_to_models = {
            change[1].name for change in found if change[0] == "remove_table" and change[1].name != "alembic_version"
        }
        assert unknown_to_models <= {"event_days_let_go", "journal_position"}
        assert [change for change in found if change[0] != "remove_table"] == []

    def test_every_model_has_a_plain_form(self):
        for mapper in Model.registry.mappers:
            assert set(mapper.class_().to_dict()) == {
                column.key for column in mapper.column_attrs if column.key not in mapper.class_.private_columns
            }

    def test_every_table_the_load_reads_has_its_transaction_stamp(self, database_url: str):
        from warehouse.raw_tables import RAW_TABLES

        engine = create_engine(sqlalchemy_url(database_url))
        columns = {
            table.source_table: {column["name"] for column in inspect(engine).get_columns(table.source_table)}
            for table in RAW_TABLES
        }
        engine.dispose()
        assert all("changed_xid" in names for names in columns.values())
