"""What the views of a snapshot and their columns are about, where DuckDB keeps it."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class Comment:
    """A text about a view, by its name with schema, or about one of its columns."""

    view: str
    text: str
    column: str | None = None

    @property
    def statement(self) -> str:
        """The comment in SQL."""
        subject = f"view {self.view}" if self.column is None else f'column {self.view}."{self.column}"'
        text = self.text.replace("'", "''")
        return f"comment on {subject} is '{text}'"


def write_comments(database: duckdb.DuckDBPyConnection, comments: Iterable[Comment]) -> None:
    """Write them all in one transaction: one each would take a second."""
    with database.cursor() as cursor:
        cursor.begin()
        for comment in comments:
            cursor.execute(comment.statement)
        cursor.commit()
