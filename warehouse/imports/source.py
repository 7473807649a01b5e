"""Opens an import file by the ending of its name."""

import gzip
import io
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from warehouse.imports.errors import ImportRefused
from warehouse.imports.record import Record

ENDINGS = ".csv, .csv.gz, .jsonl, .jsonl.gz, .ndjson, .ndjson.gz or .parquet"
CHUNK_BYTES = 1024 * 1024
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Source(AbstractContextManager["Source"], ABC):
    """An open file: its columns and its rows, read once, in constant memory."""

    # Of a file without a header: those its first rows have.
    columns: tuple[str, ...]

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def records(self) -> Iterator[Record]:
        """The rows in the order of the file. Raises `ImportRefused` when it can't be read on."""

    @abstractmethod
    def fraction_read(self) -> float:
        """How much of the file has been read, from 0 to 1."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class TextSource(Source):
    """A text file, compressed or not."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file: BinaryIO = path.open("rb")
        try:
            self._size = max(path.stat().st_size, 1)
            self._stream = self._decompressed() if path.name.lower().endswith(".gz") else self._file
            self._pass_over_mark()
        except BaseException:
            self._file.close()
            raise

    def _decompressed(self) -> BinaryIO:
        """The unpacked stream, read through once before: half a file must not be imported as if it were whole."""
        try:
            with gzip.open(self.path) as whole:
                while whole.read(CHUNK_BYTES):
                    pass
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ImportRefused(f"{self.path} is not a whole gzip file: {error}. Copy it again.") from None
        return cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=self._file), CHUNK_BYTES))

    def _pass_over_mark(self) -> None:
        start = self._stream.peek(3)[:3]  # type: ignore[attr-defined]
        if not start:
            raise ImportRefused(f"{self.path} is empty.")
        if start.startswith(UTF16_MARKS):
            raise ImportRefused(f"{self.path} is UTF-16. Save it as UTF-8.")
        if start == b"\xef\xbb\xbf":
            self._stream.read(3)

    def fraction_read(self) -> float:
        """By bytes of the file as it lies on the disk."""
        return min(self._file.tell() / self._size, 1.0)

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()
        self._file.close()


def open_source(path: Path) -> Source:
    """The file as rows. Raises `ImportRefused` when it is missing, unreadable or of another kind."""
    from warehouse.imports.csv_source import CsvSource
    from warehouse.imports.json_source import JsonLinesSource
    from warehouse.imports.parquet_source import ParquetSource

    name = path.name.lower().removesuffix(".gz")
    try:
        if name.endswith(".csv"):
            return CsvSource(path)
        if name.endswith((".jsonl", ".ndjson", ".json")):
            return JsonLinesSource(path)
        if path.name.lower().endswith(".parquet"):
            return ParquetSource(path)
    except OSError as error:
        raise ImportRefused(f"{path} can't be read: {error.strerror or error}.") from None
    raise ImportRefused(f"{path} is of no known kind. Its name must end in {ENDINGS}.")
