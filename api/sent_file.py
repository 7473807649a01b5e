"""Files that are written before they are sent: a client that takes its time keeps no connection of a database open.

In memory that does not grow with them. What goes wrong while one is written is answered as for any other route. One is
sent for as long as its client takes `TAKEN_IN_TIME` of it in the time of a request: whoever took less would keep a file
and a connection for hours.
"""

import os
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import IO

from fastapi.responses import StreamingResponse

from api.time_limit import get_on

# Most files are smaller; what is larger is on the disk.
MEMORY_MAX_BYTES = 256 * 1024
SENT_AT_ONCE = 64 * 1024
# With a minute for a request some 70 kB a second.
TAKEN_IN_TIME = 4 * 1024 * 1024


def open_file() -> IO[bytes]:
    """A file without a name, that is gone when nobody has it open any more."""
    return SpooledTemporaryFile(MEMORY_MAX_BYTES)


def send_file(file: IO[bytes], *, name: str, media_type: str) -> StreamingResponse:
    """The answer that downloads a file from its beginning, and closes it."""
    return StreamingResponse(
        _parts_of(file),
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(file.seek(0, os.SEEK_END)),
        },
    )


async def _parts_of(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(SENT_AT_ONCE):
            if (file.tell() - len(part)) % TAKEN_IN_TIME == 0:
                get_on()
            yield part
