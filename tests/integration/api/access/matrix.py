"""Reads the table of who may do what."""

from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("matrix.txt")
CALLERS = ("anonymous", "buyer", "seller", "counterpart", "member", "assistant", "admin")


@dataclass(frozen=True)
class Cell:
    """One request of the matrix: a caller, a route, the subject in it, and the status the caller is answered with."""

    method: str
    path: str
    subject: str
    caller: str
    status: int

    @property
    def route(self) -> tuple[str, str]:
        """The route as OpenAPI names it."""
        return self.method, self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path.removeprefix('/api/v1')} {self.subject} {self.caller}"


def read_matrix(table: Path = TABLE) -> list[Cell]:
    """The cells of the table, line by line."""
    return [
        Cell(method, path, subject, caller, int(status))
        for line in table.read_text().splitlines()
        if line.strip() and not line.startswith("#")
        for method, path, subject, *statuses in [line.split()]
        for caller, status in zip(CALLERS, statuses, strict=True)
    ]
