"""What the shell is compared with: one FastAPI route that answers ready bytes. `uvicorn bench.bare:app`."""

import os
from pathlib import Path

from fastapi import FastAPI, Response

app = FastAPI()
BODY = Path(os.environ["BENCH_ANSWER"]).read_bytes() if "BENCH_ANSWER" in os.environ else b"{}"


@app.get("/bytes")
async def answer() -> Response:
    """The bytes."""
    return Response(BODY, media_type="application/json")
