"""Load on one URL of 127.0.0.1: wrk where it is installed, else an asyncio client of our own."""

import asyncio
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")


def load_tool() -> str:
    """What makes the load."""
    return "wrk" if shutil.which("wrk") else "asyncio client"


def requests_per_second(url: str, headers: Mapping[str, str], *, connections: int, seconds: float) -> float:
    """Answers a second, of which all must be good."""
    if load_tool() == "wrk":
        return _wrk(url, headers, connections=connections, seconds=seconds)
    # In a process of its own, so that the clock of the measurement is not the one of the load.
    command = [sys.executable, "-m", "bench.load", url, str(connections), str(seconds)]
    said = subprocess.run(
        [*command, *(f"{name}: {value}" for name, value in headers.items())], capture_output=True, text=True, check=True
    ).stdout
    return float(said)


def _wrk(url: str, headers: Mapping[str, str], *, connections: int, seconds: float) -> float:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if (refused := REFUSED.search(said)) is not None:
        raise RuntimeError(f"{refused[1]} requests were refused: {url}")
    found = RATE.search(said)
    assert found is not None, said
    return float(found[1])


async def _drive(url: str, headers: list[str], connections: int, seconds: float) -> float:
    parts = urlsplit(url)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *headers, "", ""]
    request = "\r\n".join(lines).encode()
    deadline = time.perf_counter() + seconds

    async def one() -> int:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        count = 0
        while time.perf_counter() < deadline:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode("latin-1"))
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            assert length is not None, head
            await reader.readexactly(int(length[1]))
            count += 1
        writer.close()
        return count

    began = time.perf_counter()
    counts = await asyncio.gather(*(one() for _ in range(connections)))
    return sum(counts) / (time.perf_counter() - began)


if __name__ == "__main__":
    print(asyncio.run(_drive(sys.argv[1], sys.argv[4:], int(sys.argv[2]), float(sys.argv[3]))))
