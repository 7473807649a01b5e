"""Physical lines of a text file: counted, bounded, and given back when a row turns out broken."""

from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from warehouse.imports.errors import RowInvalid

# Longer than any row with every field at its limit; a file without line ends must not fill the memory.
LINE_MAX_BYTES = 16 * 1024 * 1024


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends. Of one longer than `LINE_MAX_BYTES` only the beginning, without an end."""
    while line := stream.readline(LINE_MAX_BYTES):
        yield line
        while len(line) == LINE_MAX_BYTES and not line.endswith(b"\n"):
            line = stream.readline(LINE_MAX_BYTES)


def is_too_long(line: bytes) -> bool:
    """Whether `read_lines` cut this line."""
    return len(line) >= LINE_MAX_BYTES and not line.endswith(b"\n")


class RecordLines:
    """An iterator of decoded lines that remembers which of them make up the current record."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._again: deque[bytes] = deque()
        self._taken: list[bytes] = []
        self.first_line = 1
        self.problem: RowInvalid | None = None

    def __iter__(self) -> "RecordLines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        if is_too_long(line):
            self.problem = RowInvalid("line_too_long", f"the line is longer than {LINE_MAX_BYTES} bytes")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            self.problem = RowInvalid("encoding_invalid", f"byte {error.start + 1} of the line is not UTF-8")
            return line.decode("utf-8", "surrogateescape")

    def begin_record(self) -> None:
        """The next line is the first of a new record."""
        self.first_line += len(self._taken)
        self._taken.clear()
        self.problem = None

    def taken_bytes(self) -> bytes:
        """The lines of the current record as they came."""
        return b"".join(self._taken)

    def size(self) -> int:
        """Bytes of the current record."""
        return sum(map(len, self._taken))

    def keep_first_only(self) -> bytes:
        """Give back all lines of the current record but the first, to be read as records of their own; the first."""
        first, *rest = self._taken
        self._again.extendleft(reversed(rest))
        self._taken = [first]
        return first
